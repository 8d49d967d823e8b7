<?php
$rows = '';
foreach (GOODS as $name => [$title, $cents]) {
    $rows .= '<li><span>' . text($title) . '</span> <span>' . price($cents) . '</span>'
        . "<form method=\"post\" action=\"/cart\"><button name=\"item\" value=\"$name\">Into the cart</button></form></li>\n";
}
page('The goods', "<ul class=\"goods\">\n$rows</ul>");
