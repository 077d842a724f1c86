#include "admin/control_path.hpp"
#include "admin/folder.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <doctest/doctest.h>

#include <array>
#include <fstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace roundabout;
using namespace roundabout::admin;
using Protocol = boost::asio::local::stream_protocol;

namespace {

mode_t mode_of(const std::string& path) {
    struct stat found{};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    return found.st_mode & 0777U;
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

} // namespace

TEST_CASE("The socket's directory is made for owner and group alone, whatever the umask") {
    const test::Folder folder;
    const mode_t before = ::umask(0077);
    const auto problem = clear_way(folder / "run/control", "");
    ::umask(before);
    CHECK_FALSE(problem);
    CHECK(mode_of(folder / "run") == 0750);
}

TEST_CASE("A directory that is there keeps its mode") {
    const test::Folder folder;
    REQUIRE(::mkdir((folder / "run").c_str(), 0700) == 0);
    CHECK_FALSE(clear_way(folder / "run/control", ""));
    CHECK(mode_of(folder / "run") == 0700);
}

TEST_CASE("A socket that a living process serves is left alone") {
    const test::Folder folder;
    const std::string path = folder / "control";
    boost::asio::io_context io;
    const Protocol::acceptor living(io, Protocol::endpoint(path));
    const auto problem = clear_way(path, "");
    REQUIRE(problem);
    CHECK(problem->find(path) != std::string::npos);
    CHECK(exists(path));
}

TEST_CASE("A socket of a dead process is removed") {
    const test::Folder folder;
    const std::string path = folder / "control";
    {
        boost::asio::io_context io;
        const Protocol::acceptor dead(io, Protocol::endpoint(path));
    }
    REQUIRE(exists(path));
    CHECK_FALSE(clear_way(path, ""));
    CHECK_FALSE(exists(path));
}

TEST_CASE("A file that is no socket is never removed") {
    const test::Folder folder;
    const std::string path = folder / "control";
    std::ofstream(path) << "precious";
    CHECK(clear_way(path, ""));
    CHECK(exists(path));
}

TEST_CASE("A group that does not exist is named") {
    const test::Folder folder;
    const auto problem = restrict_access(folder / "control", "no-such-group-here");
    REQUIRE(problem);
    CHECK(problem->find("no-such-group-here") != std::string::npos);
}

TEST_CASE("The kernel says who is at the other end") {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    const auto peer = peer_of(ends[0]);
    REQUIRE(peer);
    CHECK(peer->uid == ::geteuid());
    CHECK(peer->pid == ::getpid());
    ::close(ends[0]);
    ::close(ends[1]);
    CHECK_FALSE(peer_of(-1));
}

TEST_CASE("Root and the proxy's own user may purge, others may not") {
    CHECK(may_change({0, 1}, 1000));
    CHECK(may_change({1000, 1}, 1000));
    CHECK_FALSE(may_change({1001, 1}, 1000));
    CHECK_FALSE(may_change({1000, 1}, 0));
}
