<?php
// What the pages share: the goods, the carts, the frame around a page.

const GOODS = [
    'tea' => ['Darjeeling, first flush', 1250],
    'pot' => ['Teapot of cast iron', 4900],
    'cup' => ['Cup without a handle', 890],
    'tin' => ['Tin for the tea', 620],
];

function text(string $s): string
{
    return htmlspecialchars($s, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
}

function price(int $cents): string
{
    return number_format($cents / 100, 2) . ' EUR';
}

/** Who is asking: the public name of the session, or nothing. */
function visitor(): string
{
    $id = $_SERVER['HTTP_X_SESSION_ID'] ?? '';
    return preg_match('/^[A-Za-z0-9_-]{22}$/', $id) ? $id : '';
}

function user(): string
{
    return rawurldecode($_SERVER['HTTP_X_SESSION_USER'] ?? '');
}

/** Runs $change on the visitor's cart (name of the goods => pieces), under a lock, and returns it. */
function cart(?callable $change = null): array
{
    if (visitor() === '') {
        return [];
    }
    $folder = getenv('DEMO_DATA') ?: sys_get_temp_dir() . '/vestibule-demo';
    @mkdir($folder, 0700, true);
    $file = fopen("$folder/cart-" . visitor() . '.json', 'c+');
    flock($file, $change ? LOCK_EX : LOCK_SH);
    $cart = json_decode(stream_get_contents($file) ?: '{}', true) ?: [];
    if ($change) {
        $cart = $change($cart);
        ftruncate($file, 0);
        rewind($file);
        fwrite($file, json_encode($cart));
    }
    fclose($file);
    return $cart;
}

function page(string $title, string $content): void
{
    $pieces = array_sum(cart());
    $who = user() === '' ? '<a href="/login">Log in</a>' : '<a href="/account">' . text(user()) . '</a>';
    header('Content-Type: text/html; charset=utf-8');
    echo <<<HTML
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>$title - The Tea Shop</title>
        <link rel="stylesheet" href="/style.css">
        <header>
          <b>The Tea Shop</b>
          <nav><a href="/">Home</a> <a href="/shop">Shop</a> <a href="/cart">Cart ($pieces)</a> $who</nav>
        </header>
        <main>
        <h1>$title</h1>
        $content
        </main>
        <footer>Plain PHP, without a session of its own. What it knows of you: <a href="/whoami">/whoami</a></footer>
        </html>

        HTML;
}
