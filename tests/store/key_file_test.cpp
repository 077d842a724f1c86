#include "store/child.hpp"
#include "store/key_file.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace roundabout;
using namespace roundabout::store;
using namespace roundabout::test;

namespace {

std::string contents(const std::string& path) {
    const std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
    ::chmod(path.c_str(), 0600);
}

bool same(const TokenKeys& a, const TokenKeys& b) {
    return std::ranges::equal(a, b, [](const TokenKey& x, const TokenKey& y) {
        return x.id == y.id && x.secret == y.secret;
    });
}

Failure failure_of(const std::string& path, bool database_has_rows) {
    const StoreResult<TokenKeys> keys = load_or_create_keys(path, database_has_rows);
    REQUIRE_FALSE(keys.has_value());
    return keys.error();
}

} // namespace

TEST_CASE("key file: made once, for its owner only, and read back the same ever after") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("token.key");
    const StoreResult<TokenKeys> made = load_or_create_keys(path, false);
    REQUIRE(made.has_value());
    REQUIRE(made->size() == 1);
    CHECK(made->front().secret != std::array<std::uint8_t, 64>{});
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
    CHECK_FALSE(std::filesystem::exists(path + ".new"));
    CHECK(same(*load_or_create_keys(path, false), *made));
    CHECK(same(*load_or_create_keys(path, true), *made));
}

TEST_CASE("key file: two that are made differ") {
    const TemporaryDirectory directory;
    CHECK_FALSE(same(*load_or_create_keys(directory.file("a"), false),
                     *load_or_create_keys(directory.file("b"), false)));
}

TEST_CASE(
    "key file: missing beside registrations is an error that says what is lost, never a new key") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("token.key");
    const Failure failure = failure_of(path, true);
    CHECK(failure.error == Error::key_missing);
    CHECK(failure.sentence.find(path) != std::string::npos);
    CHECK(failure.sentence.find("dialogs under way") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("key file: damaged in any way is refused and left as it is") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("token.key");
    REQUIRE(load_or_create_keys(path, false).has_value());
    const std::string whole = contents(path);
    std::string other = whole;
    other.replace(other.find('\n') + 3, 1, "g");
    const std::string line = whole.substr(whole.find('\n') + 1);
    for (const std::string& text :
         {std::string(), whole.substr(0, whole.size() - 1), whole.substr(0, 40), "x" + whole, other,
          whole + line, whole + "\n", std::string("roundabout-keys 1\n"),
          std::string("roundabout-keys 2\n") + line}) {
        CAPTURE(text);
        write(path, text);
        CHECK(failure_of(path, true).error == Error::key_missing);
        CHECK(failure_of(path, false).error == Error::key_unusable);
        CHECK(contents(path) == text);
    }
}

TEST_CASE("key file: one that others can read is refused") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("token.key");
    REQUIRE(load_or_create_keys(path, false).has_value());
    ::chmod(path.c_str(), 0640);
    CHECK(failure_of(path, true).error == Error::key_unusable);
    CHECK(failure_of(path, false).error == Error::key_unusable);
}

TEST_CASE("key file: what cannot be opened is not taken for missing") {
    const TemporaryDirectory directory;
    CHECK(failure_of(directory.file("token.key/x"), false).error != Error::none);
    const std::string path = directory.file("loop");
    REQUIRE(::symlink("loop", path.c_str()) == 0);
    CHECK(failure_of(path, false).error == Error::key_unusable);
    CHECK(failure_of(path, true).error == Error::key_missing);
}

TEST_CASE("key file: rotation puts a new key first and keeps the others, by ids that never clash") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("token.key");
    const TokenKeys first = *load_or_create_keys(path, false);
    const TokenKeys second = *rotate_keys(path, 3);
    REQUIRE(second.size() == 2);
    CHECK(second[0].id != second[1].id);
    CHECK(second[1].secret == first[0].secret);
    CHECK(second[0].secret != first[0].secret);
    CHECK(same(*load_or_create_keys(path, true), second));
    for (int i = 0; i < 5; ++i) {
        const TokenKeys keys = *rotate_keys(path, 3);
        REQUIRE(keys.size() == 3);
        CHECK(std::set<int>{keys[0].id, keys[1].id, keys[2].id}.size() == 3);
    }
    CHECK(rotate_keys(path, 1)->size() == 1);
    CHECK(rotate_keys(path, 0)->size() == 1);
}

TEST_CASE("key file: after id 255 comes the first that is free") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("token.key");
    REQUIRE(load_or_create_keys(path, false).has_value());
    const std::string text = contents(path);
    const std::string secret = text.substr(text.find(' ', text.find('\n')));
    write(path, "roundabout-keys 1\n255" + secret + "0" + secret);
    const TokenKeys keys = *rotate_keys(path, 3);
    REQUIRE(keys.size() == 3);
    CHECK(keys[0].id == 1);
    CHECK(keys[1].id == 255);
    CHECK(keys[2].id == 0);
}
