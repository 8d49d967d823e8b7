<?php
// What the matrix asks of a backend; see test_matrix.py.
$path = parse_url($_SERVER["REQUEST_URI"], PHP_URL_PATH);
$seen = $_SERVER["HTTP_X_SESSION_USER"] ?? "";
header("Content-Type: text/plain");
switch ($path) {
    case "/hello":
        $text = "hello";
        break;
    case "/user":
        http_response_code($seen === "u1" ? 200 : 403);
        $text = $seen;
        break;
    case "/size":
        $size = strlen(file_get_contents("php://input"));
        http_response_code($size === (int) $_GET["is"] ? 200 : 400);
        $text = (string) $size;
        break;
    case "/large":
        $text = str_repeat("0123456789abcdef", 1 << 18);
        break;
    case "/none":
        http_response_code(204);
        return;
    case "/same":
        http_response_code(304);
        header("ETag: \"x\"");
        return;
    default:
        http_response_code(404);
        $text = "";
}
header("Content-Length: " . strlen($text));
if ($_SERVER["REQUEST_METHOD"] !== "HEAD") echo $text;
