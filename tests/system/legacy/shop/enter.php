<?php
// The form of another shop, whose author took $_REQUEST for the form.
require 'people.php';

$name = $_REQUEST['user_name'] ?? '';
$known = is_string($name) && (PEOPLE[$name] ?? null) === ($_REQUEST['password'] ?? '');
header('Location: ' . ($known ? '/index.php' : '/enter.php'));
http_response_code($known ? 302 : 401);
