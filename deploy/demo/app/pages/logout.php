<?php
// There is nothing to forget here.
if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
    http_response_code(405);
    header('Allow: POST');
    page('Log out', '<form method="post"><button>Log out</button></form>');
    return;
}
http_response_code(303);
header('Location: /');
