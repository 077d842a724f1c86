// Boost.Asio's non-template code for TLS streams, compiled once; the proxy has a stream of its own.
#include <boost/asio/ssl/impl/src.hpp>
