<?php
// Whoever reaches this page has logged in: the route in front of it says so. The page need not ask.
$user = text(user());
$tier = text(rawurldecode($_SERVER['HTTP_X_SESSION_TIER'] ?? 'none'));
page('Your account', <<<HTML
    <p>You are <b>$user</b>, tier $tier.</p>
    <form method="post" action="/logout"><button>Log out</button>
    <button formaction="/logout/everywhere">Log out everywhere</button></form>
    HTML);
