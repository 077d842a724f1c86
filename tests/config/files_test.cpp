#include "config/loading.hpp"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace roundabout::config;
using namespace roundabout::config::testing;

namespace {

// A folder of its own for one test, removed with all that is in it.
class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "roundabout-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
        write("r.toml", R"(
client_networks = ["10.0.0.0/8"]
[[listen]]
transport = "tls"
bind = "127.0.0.1:5061"
certificate = "c.pem"
key = "k.pem"
[[server]]
name = "a"
addresses = ["192.0.2.9"]
transport = "tls"
ca = "ca.pem"
)");
        write("c.pem", "-----BEGIN CERTIFICATE-----\n");
        write("ca.pem", "-----BEGIN CERTIFICATE-----\n");
        write("k.pem", "-----BEGIN PRIVATE KEY-----\n");
        REQUIRE(::chmod((path_ / "k.pem").c_str(), 0600) == 0);
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path_ / name) << text;
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] Loaded load() const { return load_file((path_ / "r.toml").string()); }

  private:
    std::filesystem::path path_;
};

} // namespace

TEST_CASE("files: a configuration whose files can be read loads without a word") {
    const Folder folder;
    const Loaded loaded = folder.load();
    CHECK(texts(loaded.problems()).empty());
    CHECK(texts(loaded.warnings).empty());
    REQUIRE(loaded.config() != nullptr);
    CHECK(loaded.config()->listeners[0].certificate.value_or(Certificate{}).chain_file ==
          (folder.path() / "c.pem").string());
}

TEST_CASE("files: a missing file, a folder and one that isn't PEM are reported at their keys") {
    const Folder folder;
    const std::string base = folder.path().string();
    std::filesystem::remove(folder.path() / "c.pem");
    folder.write("k.pem", "nothing of the kind\n");
    std::filesystem::remove(folder.path() / "ca.pem");
    std::filesystem::create_directory(folder.path() / "ca.pem");
    const auto problems = folder.load().problems();
    REQUIRE(problems.size() == 3);
    CHECK(problems[0].line == 6);
    CHECK(problems[0].key == "listen.certificate");
    CHECK(problems[0].message == "can't read \"" + base + "/c.pem\": No such file or directory");
    CHECK(problems[1].key == "listen.key");
    CHECK(problems[1].message == "\"" + base + "/k.pem\" holds no private key in PEM form");
    CHECK(problems[2].line == 12);
    CHECK(problems[2].key == "server.ca");
    CHECK(problems[2].message == "\"" + base + "/ca.pem\" is not a file");
}

TEST_CASE("files: a key that everybody can read is said aloud") {
    const Folder folder;
    REQUIRE(::chmod((folder.path() / "k.pem").c_str(), 0644) == 0);
    const Loaded loaded = folder.load();
    CHECK(loaded.config() != nullptr);
    REQUIRE(loaded.warnings.size() == 1);
    CHECK(loaded.warnings[0].key == "listen.key");
    CHECK(loaded.warnings[0].message ==
          "everybody on this machine can read \"" + folder.path().string() + "/k.pem\"");
}
