#include "sip/parser.hpp"
#include "sip/row_copy.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace roundabout;
using namespace roundabout::sip;

TEST_CASE("R36 a row is one line only if all its line ends are folds") {
    CHECK(is_one_line("To: a"));
    CHECK(is_one_line("To: a\r\n b\r\n\tc"));
    CHECK(is_one_line("To: a\r\n "));
    CHECK(is_one_line(""));
    CHECK_FALSE(is_one_line("To: a\r\nb"));
    CHECK_FALSE(is_one_line("To: a\r\n"));
    CHECK_FALSE(is_one_line("To: a\n b"));
    CHECK_FALSE(is_one_line("To: a\rb"));
    CHECK_FALSE(is_one_line("To: a\r\n\r\n b"));
    CHECK_FALSE(is_one_line("To: a\r"));
}

TEST_CASE("R36 a NUL is let pass as a quoted pair only") {
    CHECK(is_one_line(std::string("To: \"\\") + '\0' + "\" <sip:a>"));
    CHECK_FALSE(is_one_line(std::string("To: \"") + '\0' + "\" <sip:a>"));
}

TEST_CASE("rows are copied byte for byte, those that are not one line are left out") {
    const auto message = index_message("OPTIONS sip:a SIP/2.0\r\nv : a\r\n  b \r\nVia: c\rd\r\n"
                                       "VIA: e\nTo: f\r\n\r\n",
                                       Framing::datagram)
                             .value();
    std::string out;
    append_rows(out, message, HeaderId::via);
    CHECK(out == "v : a\r\n  b \r\nVIA: e\r\n");
    out.clear();
    CHECK(append_first_row(out, message, HeaderId::to));
    CHECK_FALSE(append_first_row(out, message, HeaderId::from));
    CHECK(out == "To: f\r\n");
}

TEST_CASE("a row cut off by the end of a datagram gets its line end") {
    const auto message = index_message("OPTIONS sip:a SIP/2.0\r\nTo: f", Framing::datagram).value();
    std::string out;
    CHECK(append_first_row(out, message, HeaderId::to));
    CHECK(out == "To: f\r\n");
}
