<?php
// What the pages share: the goods, who may log in, the cart, the frame around a page.

const GOODS = [
    'tea' => ['Darjeeling, first flush', 1250],
    'pot' => ['Teapot of cast iron', 4900],
    'cup' => ['Cup without a handle', 890],
    'tin' => ['Tin for the tea', 620],
];

const CUSTOMERS = ['ada' => 'lovelace', 'bob' => 'builder'];

function text(string $s): string
{
    return htmlspecialchars($s, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
}

function price(int $cents): string
{
    return number_format($cents / 100, 2) . ' EUR';
}

function user(): string
{
    return rawurldecode($_SERVER['HTTP_X_SESSION_USER'] ?? '');
}

/** Name of the goods => pieces. */
function cart(): array
{
    return json_decode(rawurldecode($_SERVER['HTTP_X_SESSION_CART'] ?? ''), true) ?: [];
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
