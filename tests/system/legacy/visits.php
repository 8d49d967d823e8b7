<?php
// A PHP application as one finds them: session_start(), $_SESSION, and cookies of its own. Each path is one
// thing such applications do; the answer tells what PHP sees.
//
//     php -S 127.0.0.1:8000 visits.php

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);

if (str_ends_with($path, '/plain')) {
    // No session at all.
} elseif ($path === '/cookie') {
    // A cookie as the query says: name, value, life in seconds, path.
    $life = (int) ($_GET['life'] ?? 0);
    setcookie($_GET['name'], $_GET['value'] ?? '', $life ? time() + $life : 0, $_GET['path'] ?? '/');
} else {
    session_start();
    if ($path === '/count') {
        $_SESSION['count'] = ($_SESSION['count'] ?? 0) + 1;
    } elseif ($path === '/login') {
        session_regenerate_id(true);
        $_SESSION['user'] = $_GET['user'];
        header('X-User: ' . $_GET['user']);
    } elseif ($path === '/logout') {
        $_SESSION = [];
        setcookie(session_name(), '', time() - 42000, '/');
        session_destroy();
    } elseif ($path === '/forget') {
        setcookie(session_name(), '', time() - 42000, '/');
    }
}
header('Content-Type: application/json');
echo json_encode([
    'id' => session_id(),
    'count' => $_SESSION['count'] ?? null,
    'user' => $_SESSION['user'] ?? null,
    'cookies' => (object) $_COOKIE,
    'line' => $_SERVER['HTTP_COOKIE'] ?? null,
    'state' => $_SERVER['HTTP_X_SESSION_STATE'] ?? null,
]);
