#include "base/ascii.hpp"
#include "sip/grammar.hpp"
#include "sip/parameter_scan.hpp"
#include "sip/values.hpp"

#include <algorithm>

namespace roundabout::sip {
namespace {

struct Parameter {
    std::string_view name;
    std::string_view value;
    bool has_value = false;
};

/// Walks `;name=value;...`. White space may stand around ';' and '=' (RFC 3261 §25.1: SEMI, EQUAL).
class Walk {
  public:
    explicit Walk(std::string_view text) noexcept
        : text_(text) {}

    [[nodiscard]] bool at_end() noexcept {
        at_ = grammar::skip_lws(text_, at_);
        return at_ == text_.size();
    }
    /// The next parameter; nothing if what stands there is none.
    [[nodiscard]] std::optional<Parameter> next() noexcept {
        if (at_ >= text_.size() || text_[at_] != ';')
            at_ = grammar::skip_lws(text_, at_);
        if (at_ >= text_.size() || text_[at_] != ';')
            return std::nullopt;
        at_ = grammar::skip_lws(text_, at_ + 1);
        const std::size_t name_begin = at_;
        at_ = grammar::skip_set(text_, at_, grammar::token_char);
        Parameter parameter;
        parameter.name = text_.substr(name_begin, at_ - name_begin);
        if (parameter.name.empty())
            return std::nullopt;
        const std::size_t equals = grammar::skip_lws(text_, at_);
        if (equals >= text_.size() || text_[equals] != '=')
            return parameter;
        const std::size_t value_begin = grammar::skip_lws(text_, equals + 1);
        at_ = value_end(value_begin);
        if (at_ == value_begin && ascii::iequals(parameter.name, "rport"))
            return parameter; // some phones write `;rport=` for RFC 3581's `;rport`
        if (at_ == std::string_view::npos || at_ == value_begin)
            return std::nullopt;
        parameter.value = text_.substr(value_begin, at_ - value_begin);
        parameter.has_value = true;
        return parameter;
    }

  private:
    [[nodiscard]] std::size_t value_end(std::size_t begin) const noexcept {
        return begin < text_.size() && text_[begin] == '"'
                   ? grammar::quoted_string_end(text_, begin)
                   : grammar::skip_set(text_, begin, grammar::param_value_char);
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

} // namespace

std::optional<std::string_view> Parameters::find(std::string_view name) const noexcept {
    Walk walk(text_);
    while (const std::optional<Parameter> parameter = walk.next()) {
        if (ascii::iequals(parameter->name, name))
            return parameter->value;
    }
    return std::nullopt;
}

bool Parameters::well_formed() const noexcept { return scan_parameters(text_, {}).well_formed; }

ParameterScan scan_parameters(std::string_view text, std::string_view wanted) noexcept {
    ParameterScan scan;
    bool found = false;
    Walk walk(text);
    while (!walk.at_end()) {
        const std::optional<Parameter> parameter = walk.next();
        if (!parameter)
            return scan;
        if (!found && ascii::iequals(parameter->name, wanted)) {
            scan.wanted = parameter->value;
            found = true;
        }
    }
    scan.well_formed = true;
    return scan;
}

} // namespace roundabout::sip
