<?php
header('Location: /index.php');
http_response_code(302);
