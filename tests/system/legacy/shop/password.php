<?php
// A new password. It is not kept, for there is only the array.
header('Location: /login.php');
http_response_code(302);
