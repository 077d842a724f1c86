#include "admin/protocol.hpp"
#include "registration/binding_fixture.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::admin;

namespace {

constexpr auto noon = WallTime(std::chrono::seconds(1'799'999'000));

Request full_request() {
    Request request;
    request.command = Command::purge;
    request.filter.id = test::sample_binding(1).id;
    request.filter.aor = "sip:alice@example.com";
    request.filter.user = "al\"ice";
    request.filter.server = "pbx";
    request.filter.transport = Transport::wss;
    request.filter.expiring_within = std::chrono::seconds(60);
    request.filter.expired = true;
    return request;
}

std::string problem_of(std::string_view line) {
    const auto parsed = parse_request(line);
    return parsed ? "" : parsed.error();
}

} // namespace

TEST_CASE("A request comes back from its line as it was, with every condition") {
    const Request request = full_request();
    const std::string line = to_line(request);
    CHECK(line.back() == '\n');
    CHECK(line.find('\n') == line.size() - 1);
    REQUIRE(parse_request(line).has_value());
    CHECK(*parse_request(line) == request);
}

TEST_CASE("A request for our place comes back from its line, and has no conditions") {
    Request request;
    request.command = Command::take_over;
    CHECK(to_line(request) == "{\"command\":\"take-over\"}\n");
    CHECK(*parse_request(to_line(request)) == request);
    CHECK_FALSE(problem_of(R"({"command":"take-over","filter":{"user":"x"}})").empty());
}

TEST_CASE("A request without a filter means every binding") {
    const auto request = parse_request(R"({"command":"list"})");
    REQUIRE(request.has_value());
    CHECK(request->command == Command::list);
    CHECK(request->filter.empty());
}

TEST_CASE("An address-of-record in a request is made canonical") {
    const auto request =
        parse_request(R"({"command":"show","filter":{"aor":"sips:%61lice@EXAMPLE.com;x=1"}})");
    REQUIRE(request.has_value());
    CHECK(request->filter.aor == "sip:alice@example.com");
}

TEST_CASE("A condition that is not understood is refused, never passed over") {
    CHECK(problem_of(R"({"command":"purge","filter":{"usr":"alice"}})").find("usr") !=
          std::string::npos);
    CHECK_FALSE(problem_of(R"({"command":"purge","filter":{"user":7}})").empty());
    CHECK_FALSE(problem_of(R"({"command":"purge","filter":{"transport":"sctp"}})").empty());
    CHECK_FALSE(problem_of(R"({"command":"purge","filter":{"id":"abc"}})").empty());
    CHECK_FALSE(problem_of(R"({"command":"purge","filter":{"aor":"tel:1"}})").empty());
    CHECK_FALSE(problem_of(R"({"command":"purge","filter":{"expiring_within":-1}})").empty());
    CHECK_FALSE(
        problem_of(R"({"command":"purge","filter":{"expiring_within":9223372036854775807}})")
            .empty());
    CHECK_FALSE(problem_of(R"({"command":"purge","filter":{"expired":"yes"}})").empty());
    CHECK_FALSE(problem_of(R"({"command":"purge","all":true,"force":true})").empty());
    CHECK_FALSE(problem_of(R"({"command":"purge","all":1})").empty());
}

TEST_CASE("A purge says what it means: conditions or all, never neither, never both") {
    CHECK_FALSE(problem_of(R"({"command":"purge"})").empty());
    CHECK_FALSE(problem_of(R"({"command":"purge","filter":{}})").empty());
    CHECK_FALSE(problem_of(R"({"command":"purge","filter":{"expired":false}})").empty());
    CHECK_FALSE(problem_of(R"({"command":"purge","all":true,"filter":{"user":"a"}})").empty());
    CHECK(problem_of(R"({"command":"purge","all":true})").empty());
    CHECK(problem_of(R"({"command":"purge","filter":{"expired":true}})").empty());
}

TEST_CASE("show needs to be told which binding") {
    CHECK_FALSE(problem_of(R"({"command":"show","filter":{"user":"alice"}})").empty());
}

TEST_CASE("What is no JSON object with a known command is no request") {
    for (const std::string_view line :
         {"", "list", "[]", "{}", R"({"command":"lists"})", R"({"command":1})",
          R"({"filter":{"user":"a"}})", R"({"command":"list"} {})", "{\"command\":\"l\xFFst\"}"}) {
        CAPTURE(line);
        CHECK_FALSE(problem_of(line).empty());
    }
}

TEST_CASE("A binding's line gives back every field that is shown") {
    registration::Binding binding = test::sample_binding(7);
    binding.reachable = true;
    const BindingRow row = row_of(binding, noon);
    CHECK(row.id == id_text(binding.id));
    CHECK(row.remote == binding.flow.remote.to_string());
    CHECK(row.expires_in == 1007);
    CHECK(row.transport == "wss");
    const auto back = parse_response(to_line(Response(row)));
    REQUIRE(back.has_value());
    REQUIRE(std::holds_alternative<BindingRow>(*back));
    CHECK(std::get<BindingRow>(*back) == row);
}

TEST_CASE("Text that is not UTF-8 is shown with replacement characters, so that the line is JSON") {
    CHECK(to_utf8("gr\xC3\xBC\xC3\x9F") == "gr\xC3\xBC\xC3\x9F");
    CHECK(to_utf8("a\xFF"
                  "b\xC3") == "a\xEF\xBF\xBD"
                              "b\xEF\xBF\xBD");
    CHECK(to_utf8("\xE0\x80\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"); // overlong
    CHECK(to_utf8("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"); // a surrogate
    CHECK(to_utf8("\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF") == "\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF");
    CHECK(to_utf8("\xF4\x90\x80\x80").find('\xF4') == std::string::npos); // beyond U+10FFFF
    registration::Binding binding = test::sample_binding(1);
    binding.user = std::string("\xFE\0\n", 3);
    const auto back = parse_response(to_line(Response(row_of(binding, noon))));
    REQUIRE(back.has_value());
    CHECK(std::get<BindingRow>(*back).user == std::string("\xEF\xBF\xBD\0\n", 5));
}

TEST_CASE("Counters keep their order and their largest number") {
    const Statistics statistics{{"b", 1}, {"a", 0}, {"z", UINT64_MAX}};
    const auto back = parse_response(to_line(Response(statistics)));
    REQUIRE(back.has_value());
    REQUIRE(std::holds_alternative<Statistics>(*back));
    CHECK(std::get<Statistics>(*back) == statistics);
}

TEST_CASE("The end of an answer comes back as it was") {
    for (const Ending ending : {Ending::ok, Ending::refused, Ending::malformed, Ending::failed}) {
        End end;
        end.ending = ending;
        end.reason = ending == Ending::ok ? "" : "a sentence";
        end.matched = 3;
        end.stored = ending == Ending::ok;
        const auto back = parse_response(to_line(Response(end)));
        REQUIRE(back.has_value());
        REQUIRE(std::holds_alternative<End>(*back));
        CHECK(std::get<End>(*back) == end);
    }
}

TEST_CASE("An answer that makes no sense is an error") {
    for (const std::string_view line : {"", "[]", "{}", R"({"end":"maybe"})", R"({"end":1})",
                                        R"({"counters":{"a":-1}})", R"({"counters":{"a":"1"}})"}) {
        CAPTURE(line);
        CHECK_FALSE(parse_response(line).has_value());
    }
}

TEST_CASE("What is to be traced or explained comes back from its line as it was") {
    Request trace;
    trace.command = Command::trace;
    trace.trace = {"al\"ice", "call@1", "pbx", *IpAddress::parse("2001:db8::1"), 5060};
    REQUIRE(parse_request(to_line(trace)).has_value());
    CHECK(*parse_request(to_line(trace)) == trace);
    Request explain;
    explain.command = Command::explain;
    explain.explain.message = "INVITE \xff\r\n\r\n"; // no UTF-8
    explain.explain.source = *Endpoint::parse("192.0.2.1:5060");
    explain.explain.transport = Transport::wss;
    explain.explain.at = *Endpoint::parse("[2001:db8::2]:443");
    REQUIRE(parse_request(to_line(explain)).has_value());
    CHECK(*parse_request(to_line(explain)) == explain);
}

TEST_CASE("Conditions of a command that has none, or of another one, are refused") {
    for (const char* command : {"status", "servers", "flows", "reload", "stats"})
        CHECK(parse_request(std::string(R"({"command":")") + command + "\"}").has_value());
    for (const char* command : {"status", "servers", "flows", "reload", "trace"})
        CHECK_FALSE(
            problem_of(std::string(R"({"command":")") + command + R"(","filter":{"user":"alice"}})")
                .empty());
    CHECK_FALSE(problem_of(R"({"command":"list","trace":{"user":"alice"}})").empty());
    CHECK_FALSE(problem_of(R"({"command":"trace","trace":{"source":"nobody"}})").empty());
    CHECK_FALSE(problem_of(R"({"command":"trace","trace":{"port":70000}})").empty());
    CHECK_FALSE(problem_of(R"({"command":"explain"})").empty());
    CHECK_FALSE(
        problem_of(R"({"command":"explain","explain":{"message":"x","source":"y"}})").empty());
}

TEST_CASE("A record comes back from its line with every kind of field, in its order") {
    Record record;
    record.kind = "server";
    record.add("name", std::string("pbx"))
        .add("port", std::int64_t{-5})
        .add("up", true)
        .add("domains", std::vector<std::string>{"a", "b"})
        .add_bytes("text", "\xff\x00z");
    const auto response = parse_response(to_line(Response(record)));
    REQUIRE(response.has_value());
    const Record& again = std::get<Record>(*response);
    CHECK(again == record);
    CHECK(again.bytes("text") == record.bytes("text"));
    CHECK(again.bytes("text").front() == '\xff');
    CHECK(again.text("port").empty()); // of another kind
    CHECK_FALSE(parse_response(R"({"server":{"name":null}})").has_value());
    CHECK_FALSE(parse_response(R"({"unheard":{"name":"x"}})").has_value());
}
