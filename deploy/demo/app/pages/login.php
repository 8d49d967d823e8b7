<?php
$next = text($_GET['next'] ?? '/account');
page('Log in', <<<HTML
    <p>There is no form here yet: a login form of the backend comes with a later version of vestibule.</p>
    <p>Today whoever shares the sessions logs visitors in, such as an Express app with express-session and
    connect-redis on the same Redis: start the demo with <code>REDIS_URL</code> and the app's own
    <code>SESSION_SECRET</code>. You wanted to go to <code>$next</code>.</p>
    HTML);
