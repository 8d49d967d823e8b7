<?php
// Every header that reached the shop, under the name by which CGI programs know it.
header('Content-Type: text/plain; charset=utf-8');
ksort($_SERVER);
foreach ($_SERVER as $name => $value) {
    if (str_starts_with($name, 'HTTP_')) {
        echo "$name: $value\n";
    }
}
