<?php
// Whoever reaches this page has logged in: the route in front of it says so. The page need not ask.
$user = text(user());
$tier = text(rawurldecode($_SERVER['HTTP_X_SESSION_TIER'] ?? 'none'));
page('Your account', "<p>You are <b>$user</b>, tier $tier.</p>");
