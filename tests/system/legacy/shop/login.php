<?php
// GET: the form. POST: off to the shop, or the form again.
require 'people.php';

$name = $_POST['username'] ?? '';
if (is_string($name) && isset(PEOPLE[$name]) && PEOPLE[$name] === ($_POST['password'] ?? '')) {
    header('Location: /index.php');
    http_response_code(302);
    exit;
}
page('<form method="post">' . ($_POST ? '<p>Wrong name or password.</p>' : '')
    . '<input name="username"> <input name="password" type="password"> <button>Log in</button></form>');
