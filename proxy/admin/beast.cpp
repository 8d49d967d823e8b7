// Beast's compiled parts; the admin room is their only user.
#include <boost/beast/src.hpp>
