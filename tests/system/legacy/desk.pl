#!/usr/bin/perl
# A CGI script of the kind that takes its forms apart itself. It keeps its list in a hidden field, from page to page.
use strict;
use warnings;

my %people = (ada => 'lovelace', bob => 'builder');

sub plain { my $text = shift // ''; $text =~ tr/+/ /; $text =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge; return $text }
sub html { my $text = shift // ''; $text =~ s/([<>&"])/'&#' . ord($1) . ';'/ge; return $text }
sub see { print "Status: 302 Found\r\nLocation: $ENV{SCRIPT_NAME}/@_\r\n\r\n" }

my ($body, %form) = ('');
read STDIN, $body, $ENV{CONTENT_LENGTH} || 0;
for (split /[&;]/, "$body&" . ($ENV{QUERY_STRING} // '')) {
    my ($name, $value) = map { plain($_) } split /=/, $_, 2;
    $form{$name} = $value if defined $name;
}
my $who = plain($ENV{HTTP_X_AUTH_USER}) || 'nobody';
my $list = plain($ENV{HTTP_X_DESK_LIST});
my $page = $ENV{PATH_INFO} || '/';
my $posted = $ENV{REQUEST_METHOD} eq 'POST';

if ($posted && $page eq '/login' && ($people{$form{username} // ''} // '') eq ($form{password} // '?')) {
    see('list');
} elsif ($posted && $page eq '/list') {
    see('list');
} elsif ($posted && ($page eq '/logout' || $page eq '/password')) {
    see('login');
} else {
    print "Content-Type: text/html\r\n\r\n<p>You are <b>", html($who), "</b></p>\n";
    print '<form method="post"><input name="list" type="hidden" value="', html($list), "\">",
        '<input name="username"> <input name="password" type="password"> <button>Go</button></form>', "\n";
}
