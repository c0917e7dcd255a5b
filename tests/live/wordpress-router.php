<?php
// Router for PHP's built-in server: files are served as they are, every other
// address is WordPress's, as the usual rewrite rules of a web server would say.
//
// The file `writes` beside this one gets a plus when a write arrives and a
// minus when it ends. A file `slow` beside this one makes the sites slow hosts: each write waits a
// random time up to the milliseconds named there before WordPress sees it,
// and goes on when its caller has gone, as PHP behind a busy pool does.
$root = $_SERVER['DOCUMENT_ROOT'];
$path = rawurldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '/');
$inside = !str_contains($path, '..');

if ($inside && $path !== '/' && (is_file($root . $path) || is_file("$root/" . trim($path, '/') . '/index.php'))) {
    return false;
}

if ($_SERVER['REQUEST_METHOD'] !== 'GET') {
    ignore_user_abort(true);
    file_put_contents(__DIR__ . '/writes', '+', FILE_APPEND);
    register_shutdown_function(fn () => file_put_contents(__DIR__ . '/writes', '-', FILE_APPEND));
    usleep(random_int(0, 1000 * (int) @file_get_contents(__DIR__ . '/slow')));
}

$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
$_SERVER['SCRIPT_FILENAME'] = "$root/index.php";
chdir($root);
require "$root/index.php";
