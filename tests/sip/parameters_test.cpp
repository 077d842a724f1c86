#include "sip/values.hpp"

#include <doctest/doctest.h>

using namespace roundabout::sip;

TEST_CASE("parameters: found by name in any case, the first one counts, quotes stay") {
    const Parameters parameters(";tag=a ; +sip.instance=\"<urn:uuid:1>;x=2\" ;ob; Tag=b;x = 3");
    CHECK(parameters.find("TAG") == "a");
    CHECK(parameters.find("+sip.instance") == "\"<urn:uuid:1>;x=2\"");
    CHECK(parameters.find("ob") == "");
    CHECK(parameters.find("x") == "3");
    CHECK_FALSE(parameters.find("y").has_value());
    CHECK_FALSE(parameters.find("").has_value());
    CHECK_FALSE(Parameters().find("x").has_value());
}

TEST_CASE("parameters: values may hold what base64, IPv6 and old branches need") {
    for (const char* text :
         {"", " \r\n ", ";a", ";a=b", "; a = b ; c", ";a=x==", ";a=[::1]:5", ";a=1@2/3?4",
          ";a=\"\"", R"(;a="\"")", ";a=\"b\";c", ";a=\xC3\xA4", ";a=(x)"}) {
        CAPTURE(text);
        CHECK(Parameters(text).well_formed());
    }
}

TEST_CASE("parameters: anything else is not well-formed") {
    for (const char* text :
         {";", "a", "a=b", ";;", ";a;", ";a=", ";a= ;b", ";=b", ";a b", ";a=b c", ";a=\"b",
          ";a=\"b\"c", ";a=b\"c\"", ";a=<b>", ";a,b", ";a=b,c=d", ";(a)=b", R"(;a="b\)"}) {
        CAPTURE(text);
        CHECK_FALSE(Parameters(text).well_formed());
    }
}
