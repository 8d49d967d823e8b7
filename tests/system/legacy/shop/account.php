<?php
require 'people.php';
page('<p>Your orders.</p>');
