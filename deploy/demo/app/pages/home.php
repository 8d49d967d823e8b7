<?php
$state = text($_SERVER['HTTP_X_SESSION_STATE'] ?? 'none');
page('Good day', <<<HTML
    <p>This shop was written long before anybody thought of sessions here. It has not been changed since;
    vestibule in front of it knows its visitors.</p>
    <p>Your session is <b>$state</b>. <a class="button" href="/shop">See the goods</a></p>
    HTML);
