<?php
// Installs one site: wordpress-setup.php TREE PORT. The last line on stdout is
// `URL USER APP_PASSWORD`. A stock site as a department has one: Vietnamese
// time, its own articles and an account for dongbo with the editor's role.
[, $tree, $port] = $argv;
$url = "http://127.0.0.1:$port";
$_SERVER = array_merge($_SERVER, [
    'HTTP_HOST' => "127.0.0.1:$port", 'SERVER_NAME' => '127.0.0.1', 'SERVER_PORT' => $port,
    'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/',
]);
define('WP_INSTALLING', true);
require "$tree/wp-load.php";
require_once ABSPATH . 'wp-admin/includes/upgrade.php';

add_filter('pre_wp_mail', '__return_true');
wp_install("Cổng thành phần $port", 'quan-tri', 'quan-tri@example.vn', true, '', wp_generate_password());
update_option('timezone_string', 'Asia/Ho_Chi_Minh');
update_option('permalink_structure', '/%year%/%monthnum%/%postname%/');
flush_rewrite_rules();

foreach (['Chỉ đạo điều hành', 'Tin tức', 'Kinh tế', 'Văn hóa - Xã hội', 'Cảnh báo thiên tai'] as $name) {
    made(wp_insert_term($name, 'category'));
}

// The unit's own articles, which nobody but the unit may change.
$editor = made(wp_insert_user([
    'user_login' => 'bien-tap', 'user_pass' => wp_generate_password(), 'user_email' => 'bien-tap@example.vn', 'role' => 'editor',
]));
foreach (['publish', 'publish', 'draft', 'private', 'trash'] as $number => $status) {
    $id = made(wp_insert_post([
        'post_title' => 'Bài riêng của đơn vị ' . ($number + 1),
        'post_content' => "<p>Nội dung do đơn vị tự biên tập, số $number.</p>",
        'post_status' => $status === 'trash' ? 'publish' : $status,
        'post_author' => $editor,
    ], true));
    $status === 'trash' && wp_trash_post($id);
}

$dongbo = made(wp_insert_user([
    'user_login' => 'dongbo', 'user_pass' => wp_generate_password(), 'user_email' => 'dongbo@example.vn', 'role' => 'editor',
]));
[$password] = made(WP_Application_Passwords::create_new_application_password($dongbo, ['name' => 'dongbo']));
echo "\n$url dongbo $password\n";

function made($result) {
    if (is_wp_error($result)) {
        fwrite(STDERR, $result->get_error_message() . "\n");
        exit(1);
    }
    return $result;
}
