<?php
// GET shows the cart; POST item=tea puts one piece in, POST item=tea&pieces=0 takes it out.

if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $item = $_POST['item'] ?? '';
    if (!isset(GOODS[$item])) {
        http_response_code(400);
        page('No such goods', '<p>The shop does not have this.</p>');
        return;
    }
    $pieces = isset($_POST['pieces']) ? (int) $_POST['pieces'] : (cart()[$item] ?? 0) + 1;
    // The cart is kept where this header goes; null takes the goods out.
    header('X-Session-Patch: ' . json_encode(['cart' => [$item => max(0, min($pieces, 99)) ?: null]]));
    http_response_code(303);
    header('Location: /cart');
    return;
}

$rows = '';
$total = 0;
foreach (array_intersect_key(cart(), GOODS) as $name => $pieces) {
    [$title, $cents] = GOODS[$name];
    $total += $pieces * $cents;
    $rows .= "<li><span>$pieces x " . text($title) . '</span> <span>' . price($pieces * $cents) . '</span>'
        . '<form method="post"><input type="hidden" name="pieces" value="0">'
        . "<button name=\"item\" value=\"$name\">Take out</button></form></li>\n";
}
page('Your cart', $rows === ''
    ? '<p>Nothing in it yet. <a class="button" href="/shop">See the goods</a></p>'
    : "<ul class=\"goods\">\n$rows</ul>\n<p class=\"total\">Together " . price($total) . '</p>');
