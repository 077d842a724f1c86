// Boost.JSON's own source, compiled once: the distribution's development package brings it as
// headers, and its library need not be installed.
#include <boost/json/src.hpp>
