#include "config/load.hpp"

#include "config/files.hpp"
#include "config/interpret.hpp"
#include "config/succession.hpp"
#include "config/validate.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

namespace roundabout::config {
namespace {

constexpr std::size_t largest_file = std::size_t{4} << 20U;

Position position_of(const toml::source_region& region) {
    return {static_cast<std::uint32_t>(region.begin.line),
            static_cast<std::uint32_t>(region.begin.column)};
}

Table to_table(const toml::table& table);

Node to_node(const toml::node& node) {
    Node out{position_of(node.source()), Date{}};
    if (const auto* text = node.as_string()) {
        out.value = text->get();
    } else if (const auto* whole = node.as_integer()) {
        out.value = whole->get();
    } else if (const auto* real = node.as_floating_point()) {
        out.value = real->get();
    } else if (const auto* flag = node.as_boolean()) {
        out.value = flag->get();
    } else if (const auto* array = node.as_array()) {
        List list;
        for (const toml::node& item : *array)
            list.push_back(to_node(item));
        out.value = std::move(list);
    } else if (const auto* table = node.as_table()) {
        out.value = to_table(*table);
    }
    return out;
}

Table to_table(const toml::table& table) {
    Table out;
    for (const auto& [key, node] : table)
        out.push_back({std::string(key.str()), position_of(key.source()), to_node(node)});
    return out;
}

Problem syntax_problem(const std::string& file, const toml::parse_error& error) {
    const Position at = position_of(error.source());
    std::string description(error.description()); // may hold the very line end that was in the way
    std::ranges::replace_if(
        description, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; }, ' ');
    return {file,
            at.line,
            at.column,
            "",
            "this is not TOML: " + description,
            "correct it; what stands after it has not been looked at"};
}

std::variant<Table, Problem> parse(std::string_view text, const std::string& file) {
    try {
        return to_table(toml::parse(text, file));
    } catch (const toml::parse_error& error) {
        return syntax_problem(file, error);
    }
}

Loaded refused(Problem problem) {
    Loaded loaded;
    loaded.result = std::vector<Problem>{std::move(problem)};
    return loaded;
}

/// `source`: where it also says something; null: the document is all.
Loaded build(Table document, Report report, const Source* source, const ListenerProbe& probe,
             bool with_files) {
    Loaded loaded;
    if (source != nullptr) {
        const FlagScene scene{source->file.empty(), source->folder, source->state_folder,
                              source->run_folder, probe};
        loaded.default_listeners = lay_over(document, source->flags, scene, report);
    }
    Config config = interpret(document, report);
    if (source != nullptr)
        finish_flags(config, source->flags, loaded.default_listeners, report);
    validate(config, report);
    if (with_files)
        check_files(config, report);
    Findings findings = report.take();
    loaded.warnings = std::move(findings.warnings);
    if (findings.errors.empty()) {
        number_client_tls(config);
        loaded.result = std::move(config);
    } else {
        loaded.result = std::move(findings.errors);
    }
    return loaded;
}

Problem unreadable(const std::string& path, const std::string& reason) {
    return {path,
            0,
            0,
            "",
            "can't read this file: " + reason,
            "name a configuration file that this user may read"};
}

std::variant<Table, Problem> read(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
        return unreadable(path, std::generic_category().message(errno));
    std::string text(largest_file + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (stream.bad() || (text.empty() && !stream.eof()))
        return unreadable(path, "it is not a file");
    if (text.size() > largest_file)
        return unreadable(path, "it is larger than 4 MB");
    return parse(text, path);
}

} // namespace

const std::vector<Problem>& Loaded::problems() const noexcept {
    static const std::vector<Problem> none;
    const auto* problems = std::get_if<std::vector<Problem>>(&result);
    return problems != nullptr ? *problems : none;
}

Loaded load(const Source& source, const ListenerProbe& probe) {
    std::variant<Table, Problem> document = Table{};
    if (!source.file.empty())
        document = read(source.file);
    if (auto* problem = std::get_if<Problem>(&document))
        return refused(std::move(*problem));
    const bool file_alone = !source.file.empty() && source.flags == Flags{};
    return build(std::get<Table>(std::move(document)),
                 Report(source.file.empty() ? std::string(command_line) : source.file),
                 file_alone ? nullptr : &source, probe, true);
}

Loaded load_file(const std::string& path) {
    Source source;
    source.file = path;
    return load(source, {});
}

Loaded load_text(std::string_view text, const std::string& file) {
    auto parsed = parse(text, file);
    if (auto* problem = std::get_if<Problem>(&parsed))
        return refused(std::move(*problem));
    return build(std::get<Table>(std::move(parsed)), Report(file), nullptr, {}, false);
}

} // namespace roundabout::config
