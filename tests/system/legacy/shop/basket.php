<?php
// What is bought comes by a form, like everything in this shop; and then the shop is shown again.
require 'people.php';

if (!in_array($_POST['item'] ?? '', ['tea', 'pot'], true)) {
    http_response_code(400);
    page('<p>The shop does not have this.</p>');
    exit;
}
header('Location: /index.php');
http_response_code(302);
