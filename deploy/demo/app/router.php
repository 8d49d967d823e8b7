<?php
// A shop as shops were written: a file for each page, everything from $_SERVER and $_POST, no framework,
// and no session: no cookie, no file, no table. Who is asking, and what is in the cart, stands in headers that
// vestibule sets: HTTP_X_SESSION_STATE, HTTP_X_SESSION_USER, HTTP_X_SESSION_CART.
//
//     php -S 127.0.0.1:8000 router.php

require __DIR__ . '/shop.php';

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '/';
$pages = [
    '/' => 'home',
    '/shop' => 'shop',
    '/cart' => 'cart',
    '/account' => 'account',
    '/login' => 'login',
    '/logout' => 'logout',
    '/logout/everywhere' => 'logout',
    '/whoami' => 'whoami',
];

if ($path === '/style.css') {
    header('Content-Type: text/css');
    header('Cache-Control: public, max-age=3600');
    readfile(__DIR__ . '/style.css');
} elseif (isset($pages[$path])) {
    require __DIR__ . '/pages/' . $pages[$path] . '.php';
} else {
    http_response_code(404);
    page('Not here', '<p>There is no such page in this shop.</p>');
}
