<?php
// wp-config.php of the laboratory: which site is meant is told by the port.
// @SOCKET@ is replaced by the private MariaDB's socket.
$dongbo_port = (int) ($_SERVER['SERVER_PORT'] ?? 0);

define('DB_NAME', "wp_$dongbo_port");
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:@SOCKET@');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
$table_prefix = 'wp_';

foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $dongbo_name) {
    define("{$dongbo_name}_KEY", "key-$dongbo_name-$dongbo_port");
    define("{$dongbo_name}_SALT", "salt-$dongbo_name-$dongbo_port");
}

define('WP_HOME', "http://127.0.0.1:$dongbo_port");
define('WP_SITEURL', WP_HOME);
define('UPLOADS', "wp-content/uploads/$dongbo_port");
// Application passwords are offered over plain HTTP only in a local environment.
define('WP_ENVIRONMENT_TYPE', 'local');
// No calls to the outside, no work that a test did not ask for.
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);

defined('ABSPATH') || define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
