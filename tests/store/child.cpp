#include "store/child.hpp"

#include <doctest/doctest.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace roundabout::test {
namespace {

std::array<int, 2> make_pipe() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    return ends;
}

} // namespace

Child::Child(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), STORE_CHILD);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string& argument : arguments)
        argv.push_back(argument.data());
    argv.push_back(nullptr);
    const auto to_child = make_pipe();
    const auto from_child = make_pipe();
    posix_spawn_file_actions_t actions{};
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, to_child[0], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, from_child[1], STDOUT_FILENO);
    const int failed = ::posix_spawn(&pid_, STORE_CHILD, &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(to_child[0]);
    ::close(from_child[1]);
    input_ = to_child[1];
    output_ = from_child[0];
    REQUIRE(failed == 0);
}

Child::~Child() {
    kill();
    close_input();
    ::close(output_);
}

std::string Child::line() {
    std::array<char, 4096> buffer{};
    for (;;) {
        const std::size_t end = read_.find('\n');
        if (end != std::string::npos) {
            std::string found = read_.substr(0, end);
            read_.erase(0, end + 1);
            return found;
        }
        const ssize_t got = ::read(output_, buffer.data(), buffer.size());
        if (got <= 0)
            return {};
        read_.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

void Child::close_input() {
    if (input_ >= 0)
        ::close(std::exchange(input_, -1));
}

void Child::kill() {
    if (pid_ < 0)
        return;
    ::kill(pid_, SIGKILL);
    wait();
}

int Child::wait() {
    int status = 0;
    const pid_t pid = std::exchange(pid_, -1);
    if (pid < 0 || ::waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

TemporaryDirectory::TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "roundabout-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

} // namespace roundabout::test
