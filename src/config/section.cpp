#include "config/section.hpp"

#include "base/ascii.hpp"
#include "config/spelling.hpp"

#include <algorithm>
#include <array>

namespace roundabout::config {
namespace {

// Keys of the top that are easily written below a [section] by mistake, where they are unknown.
constexpr std::array<std::string_view, 15> keys_of_the_top{"domains",        "strict_host",
                                                           "strict_client",  "client_networks",
                                                           "unknown_source", "default_transport",
                                                           "ack_target",     "contact_host",
                                                           "workers",        "park",
                                                           "drain",          "name_servers",
                                                           "listen",         "server",
                                                           "trusted_proxies"};

std::string listed(std::span<const std::string_view> words, std::string_view last_joint) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i != 0)
            text += i + 1 == words.size() ? last_joint : std::string_view(", ");
        text += "\"" + std::string(words[i]) + "\"";
    }
    return text;
}

std::string plain(double number) {
    std::string text = std::to_string(number);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.'))
        text.pop_back();
    return text;
}

// An unknown key may hold anything: what has a meaning in a path or none in print becomes '?'.
std::string printable(std::string_view key) {
    std::string out(key.substr(0, 40));
    std::ranges::replace_if(
        out,
        [](char c) { return !ascii::is_alpha(c) && !ascii::is_digit(c) && c != '_' && c != '-'; },
        '?');
    return out;
}

std::string key_is(std::string_view key) { return "write " + std::string(key) + " = "; }

} // namespace

Section::Section(const Table& table, std::string path, Report& report)
    : table_(table)
    , path_(std::move(path))
    , report_(report) {}

std::string Section::path_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

bool Section::has(std::string_view key) const {
    return std::ranges::any_of(table_, [&](const Entry& entry) { return entry.key == key; });
}

void Section::error(std::string_view key, std::string message, std::string remedy) {
    report_.error(path_of(key), std::move(message), std::move(remedy));
}

const Node* Section::find(std::string_view key) {
    known_.push_back(key);
    for (const Entry& entry : table_) {
        if (entry.key != key)
            continue;
        report_.place(path_of(key), entry.value.at.line != 0 ? entry.value.at : entry.at);
        return &entry.value;
    }
    return nullptr;
}

void Section::wrong_kind(std::string_view key, const Node& found, std::string_view expected,
                         std::string remedy) {
    error(key, "found " + std::string(kind_of(found)) + ", expected " + std::string(expected),
          std::move(remedy));
}

bool Section::text(std::string_view key, std::string& into) {
    const Node* node = find(key);
    if (node == nullptr)
        return false;
    const auto* value = std::get_if<std::string>(&node->value);
    if (value == nullptr) {
        wrong_kind(key, *node, "a string", key_is(key) + "\"...\", in quotes");
        return false;
    }
    into = *value;
    return true;
}

bool Section::file(std::string_view key, std::string& into) {
    std::string name;
    if (!text(key, name))
        return false;
    if (name.empty() || name.find('\0') != std::string::npos) {
        error(key, quoted(name) + " is no file name", "write a path, or leave the key out");
        return false;
    }
    into = report_.resolve_file(name);
    return true;
}

bool Section::flag(std::string_view key, bool& into) {
    const Node* node = find(key);
    if (node == nullptr)
        return false;
    const auto* value = std::get_if<bool>(&node->value);
    if (value == nullptr) {
        wrong_kind(key, *node, "true or false",
                   key_is(key) + "true or " + std::string(key) + " = false, without quotes");
        return false;
    }
    into = *value;
    return true;
}

bool Section::texts(std::string_view key, std::vector<std::string>& into) {
    const Node* node = find(key);
    if (node == nullptr)
        return false;
    const auto* list = std::get_if<List>(&node->value);
    if (list == nullptr) {
        const auto* single = std::get_if<std::string>(&node->value);
        const std::string example = single != nullptr ? quoted(*single) : "\"...\"";
        wrong_kind(key, *node, "a list of strings", key_is(key) + "[" + example + "]");
        return false;
    }
    std::vector<std::string> out;
    bool good = true;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const Node& item = (*list)[i];
        const std::string item_key = std::string(key) + "[" + std::to_string(i) + "]";
        report_.place(path_of(item_key), item.at);
        if (const auto* value = std::get_if<std::string>(&item.value)) {
            out.push_back(*value);
        } else {
            wrong_kind(item_key, item, "a string", key_is(key) + "[\"...\"], each in quotes");
            good = false;
        }
    }
    if (good)
        into = std::move(out);
    return good;
}

std::optional<std::int64_t> Section::integer(std::string_view key, std::int64_t least,
                                             std::int64_t most) {
    const Node* node = find(key);
    if (node == nullptr)
        return std::nullopt;
    const std::string range = std::to_string(least) + " to " + std::to_string(most);
    const auto* value = std::get_if<std::int64_t>(&node->value);
    if (value == nullptr) {
        wrong_kind(key, *node, "a whole number",
                   key_is(key) + "a number from " + range + ", without quotes");
        return std::nullopt;
    }
    if (*value < least || *value > most) {
        error(key, std::to_string(*value) + " is out of range", "write a number from " + range);
        return std::nullopt;
    }
    return *value;
}

std::optional<double> Section::number(std::string_view key, double least, double most) {
    const Node* node = find(key);
    if (node == nullptr)
        return std::nullopt;
    const std::string range = plain(least) + " to " + plain(most);
    double value = 0;
    if (const auto* whole = std::get_if<std::int64_t>(&node->value)) {
        value = static_cast<double>(*whole);
    } else if (const auto* real = std::get_if<double>(&node->value)) {
        value = *real;
    } else {
        wrong_kind(key, *node, "a number",
                   key_is(key) + "a number from " + range + ", without quotes");
        return std::nullopt;
    }
    const bool inside = value >= least && value <= most; // false for a NaN too
    if (!inside) {
        error(key, plain(value) + " is out of range", "write a number from " + range);
        return std::nullopt;
    }
    return value;
}

std::optional<std::size_t> Section::choice(std::string_view key,
                                           std::span<const std::string_view> words) {
    std::string word;
    if (!text(key, word))
        return std::nullopt;
    const auto found = std::ranges::find(words, word);
    if (found != words.end())
        return static_cast<std::size_t>(found - words.begin());
    const std::string_view meant = nearest(word, words);
    error(key, quoted(word) + " is none of " + listed(words, ", "),
          key_is(key) + (meant.empty() ? listed(words, " or ") : quoted(meant)));
    return std::nullopt;
}

void Section::missing(std::string_view key, std::string_view example) {
    error(key, "is missing", key_is(key) + std::string(example));
}

const Table* Section::table(std::string_view key) {
    const Node* node = find(key);
    if (node == nullptr)
        return nullptr;
    const auto* value = std::get_if<Table>(&node->value);
    if (value == nullptr)
        wrong_kind(key, *node, "a section", "write [" + std::string(key) + "]");
    return value;
}

std::vector<const Table*> Section::tables(std::string_view key, std::string_view example) {
    const Node* node = find(key);
    if (node == nullptr)
        return {};
    const std::string remedy = example.empty()
                                   ? "write [[" + std::string(key) + "]] above each of them"
                                   : key_is(key) + std::string(example);
    const auto* list = std::get_if<List>(&node->value);
    if (list == nullptr) {
        wrong_kind(key, *node, "a list of sections", remedy);
        return {};
    }
    std::vector<const Table*> out;
    bool good = true;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const Node& item = (*list)[i];
        const std::string item_key = std::string(key) + "[" + std::to_string(i) + "]";
        report_.place(path_of(item_key), item.at);
        if (const auto* value = std::get_if<Table>(&item.value))
            out.push_back(value);
        else
            wrong_kind(item_key, item, "a section", remedy);
        good = good && out.size() == i + 1;
    }
    return good ? out : std::vector<const Table*>();
}

std::string Section::remedy_for_unknown(std::string_view key) const {
    if (!path_.empty() && std::ranges::find(keys_of_the_top, key) != keys_of_the_top.end())
        return "move it to the top of the file, above the first [section]";
    const std::string_view meant = nearest(key, known_);
    if (!meant.empty())
        return "write " + std::string(meant);
    std::string all;
    for (const std::string_view word : known_)
        all += (all.empty() ? "" : ", ") + std::string(word);
    return "the keys here are: " + all;
}

void Section::finish() {
    for (const Entry& entry : table_) {
        if (std::ranges::find(known_, entry.key) != known_.end())
            continue;
        const std::string key = printable(entry.key);
        report_.place(path_of(key), entry.at);
        error(key, "unknown key", remedy_for_unknown(entry.key));
    }
}

} // namespace roundabout::config
