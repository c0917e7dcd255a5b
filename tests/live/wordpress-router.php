<?php
// Router for PHP's built-in server: files are served as they are, every other
// address is WordPress's, as the usual rewrite rules of a web server would say.
$root = $_SERVER['DOCUMENT_ROOT'];
$path = rawurldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '/');
$inside = !str_contains($path, '..');

if ($inside && $path !== '/' && (is_file($root . $path) || is_file("$root/" . trim($path, '/') . '/index.php'))) {
    return false;
}

$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
$_SERVER['SCRIPT_FILENAME'] = "$root/index.php";
chdir($root);
require "$root/index.php";
