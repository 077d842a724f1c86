#include "sip/invariants.hpp"
#include "sip/parser.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

constexpr std::string_view request_line = "OPTIONS sip:bob@example.com SIP/2.0\r\n";

[[nodiscard]] Message index(std::string bytes, Framing framing = Framing::datagram) {
    Result<Message> message = index_message(std::move(bytes), framing);
    REQUIRE(message.has_value());
    CHECK(test::violated_invariant(*message) == "");
    return std::move(*message);
}

/// The fault of a request with these header rows, each given with its line end, and a blank line.
[[nodiscard]] Error defect_of_rows(const std::string& rows) {
    return index(std::string(request_line) + rows + "\r\n").defect();
}

[[nodiscard]] Error index_error(std::string bytes) {
    const Result<Message> message = index_message(std::move(bytes), Framing::datagram);
    REQUIRE(message.has_error());
    return to_error(message.error());
}

} // namespace

TEST_CASE("parser: a request's parts are found where they stand") {
    const Message message = index("INVITE sip:bob@example.com;x=1 SIP/2.0\r\n"
                                  "Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
                                  "X-Own:\tkept\r\n"
                                  "Content-Length: 4\r\n"
                                  "\r\nbody");
    CHECK(message.defect() == Error::none);
    CHECK(message.is_request());
    CHECK(message.method() == Method::invite);
    CHECK(message.method_name() == "INVITE");
    CHECK(message.request_uri() == "sip:bob@example.com;x=1");
    CHECK(message.text(message.start_line()) == "INVITE sip:bob@example.com;x=1 SIP/2.0");
    REQUIRE(message.headers().size() == 3);
    CHECK(message.value(HeaderId::via) == "SIP/2.0/UDP a;branch=z9hG4bK1");
    const HeaderField& own = message.headers()[1];
    CHECK(own.id == HeaderId::other);
    CHECK(message.text(own.name) == "X-Own");
    CHECK(message.text(own.value) == "kept");
    CHECK(message.text(own.line) == "X-Own:\tkept\r\n");
    CHECK(message.bytes().substr(message.headers_end(), 2) == "\r\n");
    CHECK(message.body() == "body");
    CHECK(message.excess() == 0);
    CHECK_FALSE(message.has(HeaderId::route));
    CHECK(message.value(HeaderId::route).empty());
    CHECK(message.count(HeaderId::via) == 1);
}

TEST_CASE("parser: a response's status and reason are found, the reason may be empty or missing") {
    const Message message = index("SIP/2.0 183 Weiter = so, **\xD0\xBE 3\r\n\r\n");
    CHECK(message.is_response());
    CHECK(message.status() == 183);
    CHECK(message.text(message.status_span()) == "183");
    CHECK(message.reason() == "Weiter = so, **\xD0\xBE 3");
    CHECK(index("SIP/2.0 100 \r\n\r\n").reason().empty());
    const Message bare = index("sip/2.0 699\r\n\r\n");
    CHECK(bare.status() == 699);
    CHECK(bare.reason().empty());
    CHECK(bare.defect() == Error::none);
}

TEST_CASE("parser: a status code is three digits from 100 to 699") {
    for (const char* line :
         {"SIP/2.0 099 Low", "SIP/2.0 700 High", "SIP/2.0 4294967301 Wrapped", "SIP/2.0 20 Short",
          "SIP/2.0 0200 Long", "SIP/2.0 2x0 Letter", "SIP/2.0 +20 Sign", "SIP/2.0  200 Two spaces",
          "SIP/2.0", "SIP/2.0 ", "SIP/2.0\t200 OK", "SIP/2.0 200\tOK"}) {
        CAPTURE(line);
        CHECK(index_error(std::string(line) + "\r\n\r\n") == Error::bad_status_code);
    }
}

TEST_CASE("parser: bytes without a start line of SIP are no message") {
    for (const char* bytes : {"", "\r\n", "\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "jaK",
                              "INVITE\r\n\r\n", "INVITE \r\n\r\n", "INVITE SIP\r\n\r\n",
                              " INVITE sip:a SIP/2.0\r\n\r\n", "IN(ITE sip:a SIP/2.0\r\n\r\n",
                              "INVITE sip:a\r\n\r\n", "\nINVITE sip:a SIP/2.0\r\n\r\n"}) {
        CAPTURE(bytes);
        CHECK(index_error(bytes) == Error::not_sip);
    }
    CHECK(index_error(std::string(64, '\0')) == Error::not_sip);
}

TEST_CASE("parser: a method that nobody knows is a request like any other, names count by case") {
    CHECK(index("invite sip:a SIP/2.0\r\n\r\n").method() == Method::other);
    const Message message = index("!odd-Method0_*+`.%~' sip:a SIP/2.0\r\n\r\n");
    CHECK(message.method() == Method::other);
    CHECK(message.method_name() == "!odd-Method0_*+`.%~'");
    CHECK(message.defect() == Error::none);
}

TEST_CASE("parser: empty lines before the start line are taken off") {
    const Message message = index("\r\n\r\n\r\n" + std::string(request_line) + "\r\n");
    CHECK(message.defect() == Error::none);
    CHECK(message.bytes() == std::string(request_line) + "\r\n");
    CHECK(message.method() == Method::options);
}

TEST_CASE("parser: a request line with a fault is still a request, so that it can be answered") {
    struct Row {
        const char* line;
        const char* uri;
        Error defect;
    };
    for (const Row& row : {
             Row{"BYE sip:a;  lr SIP/2.0", "sip:a;  lr", Error::bad_request_uri},
             Row{"BYE sip:a\tb SIP/2.0", "sip:a\tb", Error::bad_request_uri},
             Row{"BYE <sip:a> SIP/2.0", "<sip:a>", Error::bad_request_uri},
             Row{"BYE SIP/2.0", "", Error::bad_request_uri},
             Row{"BYE   SIP/2.0", "", Error::bad_request_uri},
             Row{"BYE  sip:a SIP/2.0", "sip:a", Error::bad_start_line},
             Row{"BYE sip:a  SIP/2.0", "sip:a", Error::bad_start_line},
             Row{"BYE\tsip:a SIP/2.0", "sip:a", Error::bad_start_line},
             Row{"BYE sip:a\tSIP/2.0", "sip:a", Error::bad_start_line},
             Row{"BYE sip:a SIP/2.0 ", "sip:a", Error::bad_start_line},
             Row{"BYE sip:a SIP/2.0 \t", "sip:a", Error::bad_start_line},
             Row{"BYE sip:a SIP/2", "sip:a", Error::bad_start_line},
             Row{"BYE sip:a SIP/.0", "sip:a", Error::bad_start_line},
             Row{"BYE sip:a SIP/2.0x", "sip:a", Error::bad_start_line},
             Row{"BYE sip:a SIP/7.0", "sip:a", Error::bad_version},
             Row{"BYE sip:a SIP/2.00", "sip:a", Error::bad_version},
             Row{"BYE sip:a sip/2.0", "sip:a", Error::none},
         }) {
        CAPTURE(row.line);
        const Message message = index(std::string(row.line) + "\r\nVia: x\r\n\r\n");
        CHECK(message.is_request());
        CHECK(message.method() == Method::bye);
        CHECK(message.request_uri() == row.uri);
        CHECK(sentence(message.defect()) == sentence(row.defect));
        CHECK(message.has(HeaderId::via));
    }
}

TEST_CASE("R37 parser: folds, compact forms, white space before the colon, odd token names") {
    const Message message = index(std::string(request_line) + "v  : SIP/2.0/UDP a,\r\n"
                                                              "\tSIP/2.0/UDP b\r\n"
                                                              "cSEQ\t:\r\n  7\r\n OPTIONS \r\n"
                                                              "!-.%*_+`'~0: odd\r\n"
                                                              "s :\r\n"
                                                              "Empty:\r\n \r\n"
                                                              "l:0\r\n\r\n");
    CHECK(message.defect() == Error::none);
    REQUIRE(message.headers().size() == 6);
    CHECK(message.value(HeaderId::via) == "SIP/2.0/UDP a,\r\n\tSIP/2.0/UDP b");
    CHECK(message.text(message.headers()[0].name) == "v");
    CHECK(message.value(HeaderId::cseq) == "7\r\n OPTIONS");
    CHECK(message.text(message.headers()[2].name) == "!-.%*_+`'~0");
    CHECK(message.text(message.headers()[3].name) == "s");
    CHECK(message.text(message.headers()[3].value).empty());
    CHECK(message.text(message.headers()[4].value).empty());
    CHECK(message.text(message.headers()[4].line) == "Empty:\r\n \r\n");
    CHECK(message.value(HeaderId::content_length) == "0");
}

TEST_CASE("parser: a line that is no header field is a fault, and kept as a row without name") {
    for (const char* row :
         {"Foobar roobar\r\n", ": no name\r\n", "Two words: x\r\n",
          "Name\r\n : colon in the fold\r\n", "B\xC3\xA4r: x\r\n", "A(b): x\r\n", "<Via>: x\r\n"}) {
        CAPTURE(row);
        const Message message = index(std::string(request_line) + row + "To: x\r\n\r\n");
        CHECK(message.defect() == Error::bad_header_line);
        REQUIRE(message.headers().size() == 2);
        CHECK(message.headers()[0].id == HeaderId::other);
        CHECK(message.headers()[0].name.size == 0);
        CHECK(message.has(HeaderId::to));
    }
    CHECK(defect_of_rows(" folded: start line\r\n") == Error::bad_header_line);
}

TEST_CASE("R36 parser: a bare LF in the header is a fault wherever it stands") {
    const std::string line(request_line);
    CHECK(index("OPTIONS sip:a SIP/2.0\nTo: x\r\n\r\n").defect() == Error::bare_line_feed);
    CHECK(index(line + "To: x\nFrom: y\r\n\r\n").defect() == Error::bare_line_feed);
    CHECK(index(line + "To: x\n folded\r\n\r\n").defect() == Error::bare_line_feed);
    CHECK(index(line + "To: x\r\n\nbody").defect() == Error::bare_line_feed);
    CHECK(index(line + "\n").defect() == Error::bare_line_feed);
    CHECK(index("SIP/2.0 200 OK\n\n").defect() == Error::bare_line_feed);
    CHECK(index(line + "To: x\r\n\r\nbo\ndy\n").defect() == Error::none);
}

TEST_CASE("R36 parser: no value that is kept of a faulty header holds a bare LF") {
    const Message message = index("OPTIONS sip:a SIP/2.0\r\nTo: x\nVia: smuggled\r\n\r\n");
    CHECK(message.value(HeaderId::to) == "x");
    CHECK(message.value(HeaderId::via) == "smuggled");
}

TEST_CASE("R36 parser: a CR without LF in the header is a fault") {
    CHECK(defect_of_rows("To: a\rFrom: b\r\n") == Error::bad_header_line);
    CHECK(defect_of_rows("To: a\r\r\n") == Error::bad_header_line);
    CHECK(index("OPTIONS sip:a\r SIP/2.0\r\n\r\n").defect() == Error::bad_start_line);
    CHECK(index(std::string(request_line) + "\r\nbo\rdy").defect() == Error::none);
    // So many that a counter of eight bits would have come round.
    CHECK(defect_of_rows("X: " + std::string(256, '\r') + "\r\n") == Error::bad_header_line);
    CHECK(defect_of_rows("X: " + std::string(65536, '\r') + "\r\n") == Error::bad_header_line);
}

TEST_CASE("R36 parser: NUL in the header is a fault, but not as the quoted pair that is valid") {
    const std::string nul(1, '\0');
    CHECK(defect_of_rows("To: a" + nul + "\r\n") == Error::nul_in_header);
    CHECK(defect_of_rows("To: \"a" + nul + "\" <sip:a>\r\n") == Error::nul_in_header);
    CHECK(defect_of_rows("To: \\" + nul + " <sip:a>\r\n") == Error::nul_in_header);
    CHECK(defect_of_rows("To: \"a\\\\" + nul + "\" <sip:a>\r\n") == Error::nul_in_header);
    CHECK(defect_of_rows("X: \"open\r\nTo: \\" + nul + "\r\n") == Error::nul_in_header);
    CHECK(defect_of_rows("To: \"a\\" + nul + "\" <sip:a>\r\n") == Error::none);
    CHECK(defect_of_rows("To: \"a\r\n \\" + nul + "\" <sip:a>\r\n") == Error::none);
    CHECK(index(std::string(request_line) + "\r\n" + nul).defect() == Error::none);
}

TEST_CASE("parser: a header that no blank line ends is unfinished") {
    CHECK(index("OPTIONS sip:a SIP/2.0").defect() == Error::header_unfinished);
    CHECK(index("OPTIONS sip:a SIP/2.0\r\n").defect() == Error::header_unfinished);
    CHECK(index("OPTIONS sip:a SIP/2.0\r\nTo: x").defect() == Error::header_unfinished);
    const Message message = index("OPTIONS sip:a SIP/2.0\r\nTo: x\r\n");
    CHECK(message.defect() == Error::header_unfinished);
    CHECK(message.value(HeaderId::to) == "x");
    CHECK(message.headers_end() == message.bytes().size());
    CHECK(message.body().empty());
}

TEST_CASE("parser: rows beyond the limit are a fault and are not kept") {
    std::string bytes(request_line);
    for (int i = 0; i < 5; ++i)
        bytes += "X: y\r\n";
    bytes += "\r\nbody";
    const Result<Message> enough = index_message(bytes, Framing::datagram, {5});
    CHECK(enough->defect() == Error::none);
    const Result<Message> message = index_message(bytes, Framing::datagram, {4});
    CHECK(message->defect() == Error::too_many_headers);
    CHECK(message->headers().size() == 4);
    CHECK(message->body() == "body");
}

TEST_CASE("parser: the first fault is the one that is reported") {
    CHECK(index("BYE sip:a SIP/7.0 \r\nTo: x\ny\r\n\r\n").defect() == Error::bad_version);
    CHECK(defect_of_rows("no colon\r\nContent-Length: -1\r\n") == Error::bad_header_line);
}
