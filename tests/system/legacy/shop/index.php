<?php
require 'people.php';
page('<p>In the basket: <i>' . htmlspecialchars(rawurldecode($_SERVER['HTTP_X_BASKET'] ?? '')) . '</i></p>');
