#include "store/key_file.hpp"

#include "base/ascii.hpp"
#include "store/file.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <set>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace roundabout::store {
namespace {

// The file: this line, then a line a key, current one first: its id in decimal, a space, its secret
// in hexadecimal.
constexpr std::string_view first_line = "roundabout-keys 1\n";
constexpr unsigned owner_only = 0600;
constexpr std::size_t largest_file = 64UL * 1024; // 256 keys are half of it

constexpr std::string_view what_is_lost =
    "Without it the routes of all dialogs under way and every response under way at the restart "
    "are lost, and each client's next REGISTER leaves a second row at its registrar. Restore it "
    "from a backup; or, to accept the loss, move the database away";

StoreResult<TokenKey> random_key(std::uint8_t id) {
    TokenKey key;
    key.id = id;
    std::size_t have = 0;
    while (have < key.secret.size()) {
        const ssize_t got = ::getrandom(key.secret.data() + have, key.secret.size() - have, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return Failure{Error::random_unavailable,
                           "the system gives no random bytes for a token key"};
        have += static_cast<std::size_t>(got);
    }
    return key;
}

std::string to_text(const TokenKeys& keys) {
    std::string text(first_line);
    for (const TokenKey& key : keys) {
        text += std::to_string(key.id) + " ";
        for (const std::uint8_t byte : key.secret) {
            text.push_back("0123456789abcdef"[byte >> 4U]);
            text.push_back("0123456789abcdef"[byte & 15U]);
        }
        text.push_back('\n');
    }
    return text;
}

std::optional<TokenKey> parse_key(std::string_view line) {
    TokenKey key;
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos)
        return std::nullopt;
    const auto id = ascii::to_number<std::uint8_t>(line.substr(0, space));
    const std::string_view digits = line.substr(space + 1);
    if (!id || digits.size() != 2 * key.secret.size())
        return std::nullopt;
    key.id = *id;
    for (std::size_t i = 0; i < key.secret.size(); ++i) {
        const char* begin = digits.data() + 2 * i;
        const auto [end, error] = std::from_chars(begin, begin + 2, key.secret[i], 16);
        if (error != std::errc{} || end != begin + 2)
            return std::nullopt;
    }
    return key;
}

/// Nothing if it is not wholly a key file, each line ended.
std::optional<TokenKeys> parse_keys(std::string_view text) {
    if (!text.starts_with(first_line))
        return std::nullopt;
    text.remove_prefix(first_line.size());
    TokenKeys keys;
    std::set<std::uint8_t> ids;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos)
            return std::nullopt;
        const std::optional<TokenKey> key = parse_key(text.substr(0, end));
        if (!key || !ids.insert(key->id).second)
            return std::nullopt;
        keys.push_back(*key);
        text.remove_prefix(end + 1);
    }
    if (keys.empty())
        return std::nullopt;
    return keys;
}

std::optional<std::string> read_all(const File& file) {
    std::string text(largest_file, '\0');
    std::size_t have = 0;
    while (have < text.size()) {
        const ssize_t got = ::read(file.fd(), text.data() + have, text.size() - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return std::nullopt;
        if (got == 0)
            break;
        have += static_cast<std::size_t>(got);
    }
    text.resize(have);
    return text;
}

Failure unusable(const std::string& sentence, bool needed) {
    if (needed)
        return {Error::key_missing, sentence +
                                        ", and the database beside it holds registrations. " +
                                        std::string(what_is_lost)};
    return {Error::key_unusable, sentence};
}

StoreResult<TokenKeys> read_keys(const File& file, const std::string& path, bool needed) {
    struct stat status{};
    if (::fstat(file.fd(), &status) != 0)
        return unusable(errno_sentence("cannot read the token key", path), needed);
    if ((status.st_mode & 0077U) != 0)
        return Failure{Error::key_unusable, "the token key " + path +
                                                " can be read by others; whoever has read it can "
                                                "forge tokens: give it rights 0600"};
    const std::optional<std::string> text = read_all(file);
    if (!text)
        return unusable(errno_sentence("cannot read the token key", path), needed);
    const std::optional<TokenKeys> keys = parse_keys(*text);
    if (!keys)
        return unusable("the token key " + path + " is damaged", needed);
    return *keys;
}

/// Wholly written and synced under a name of its own, so that nobody ever reads half of it.
StoreResult<std::string> write_beside(const std::string& path, const TokenKeys& keys) {
    std::string fresh = path + ".new";
    ::unlink(fresh.c_str());
    const File file = File::open(fresh, O_WRONLY | O_CREAT | O_EXCL, owner_only);
    if (!file || !write_all(file, to_text(keys)) || ::fsync(file.fd()) != 0)
        return Failure{Error::store_unavailable,
                       errno_sentence("cannot write the token key", fresh)};
    return fresh;
}

StoreResult<TokenKeys> create_keys(const std::string& path) {
    const StoreResult<TokenKey> key = random_key(1);
    if (!key)
        return key.error();
    TokenKeys keys{*key};
    const StoreResult<std::string> fresh = write_beside(path, keys);
    if (!fresh)
        return fresh.error();
    // Unlike rename, this never replaces a key that somebody else has put there meanwhile.
    const bool placed = ::link(fresh->c_str(), path.c_str()) == 0;
    if (!placed || ::unlink(fresh->c_str()) != 0 || !sync_directory_of(path))
        return Failure{Error::store_unavailable,
                       errno_sentence("cannot create the token key", path)};
    return keys;
}

} // namespace

StoreResult<TokenKeys> load_or_create_keys(const std::string& path, bool database_has_rows) {
    const File file = File::open(path, O_RDONLY);
    if (file)
        return read_keys(file, path, database_has_rows);
    if (errno == ENOENT && !database_has_rows)
        return create_keys(path);
    if (errno == ENOENT)
        return unusable("the token key " + path + " is missing", true);
    return unusable(errno_sentence("cannot open the token key", path), database_has_rows);
}

StoreResult<TokenKeys> rotate_keys(const std::string& path, std::size_t keep) {
    const File file = File::open(path, O_RDONLY);
    if (!file)
        return unusable(errno_sentence("cannot open the token key", path), false);
    StoreResult<TokenKeys> keys = read_keys(file, path, false);
    if (!keys)
        return keys.error();
    std::uint8_t id = keys->front().id;
    do {
        ++id;
    } while (std::ranges::any_of(*keys, [id](const TokenKey& key) { return key.id == id; }));
    const StoreResult<TokenKey> key = random_key(id);
    if (!key)
        return key.error();
    keys->insert(keys->begin(), *key);
    keys->resize(std::clamp<std::size_t>(keep, 1, std::min<std::size_t>(keys->size(), 255)));
    const StoreResult<std::string> fresh = write_beside(path, *keys);
    if (!fresh)
        return fresh.error();
    if (std::rename(fresh->c_str(), path.c_str()) != 0 || !sync_directory_of(path))
        return Failure{Error::store_unavailable,
                       errno_sentence("cannot replace the token key", path)};
    return keys;
}

} // namespace roundabout::store
