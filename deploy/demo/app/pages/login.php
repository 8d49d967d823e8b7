<?php
// GET shows the form; POST goes on to where one wanted to go, or shows the form again.
$next = $_REQUEST['next'] ?? '';
if (!is_string($next) || !preg_match('~^/(?![/\\\\])[!-\\~]*$~D', $next)) {
    $next = '/account';  // of this shop, and a path
}
$name = $_POST['username'] ?? '';
$known = is_string($name) && isset(CUSTOMERS[$name]) && CUSTOMERS[$name] === ($_POST['password'] ?? '');
if ($known) {
    http_response_code(303);
    header("Location: $next");
    return;
}
$wrong = $_SERVER['REQUEST_METHOD'] === 'POST' ? '<p>Wrong name or password.</p>' : '';
$next = text($next);
page('Log in', <<<HTML
    $wrong<form method="post" action="/login">
    <input type="hidden" name="next" value="$next">
    <p><label>Name <input name="username" autocomplete="username"></label></p>
    <p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p>
    <button>Log in</button></form>
    <p>Try <code>ada</code> with <code>lovelace</code>, or <code>bob</code> with <code>builder</code>.</p>
    HTML);
