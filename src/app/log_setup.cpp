#include "app/log_setup.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace roundabout::app {
namespace {

/// The message as the inside of a JSON string (RFC 8259 §7).
class JsonText final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& entry, const std::tm& /*time*/,
                spdlog::memory_buf_t& out) override {
        for (const char c : entry.payload) {
            const auto byte = static_cast<unsigned char>(c);
            if (c == '"' || c == '\\') {
                out.push_back('\\');
                out.push_back(c);
            } else if (byte < 0x20 || byte == 0x7F) {
                constexpr std::string_view digits = "0123456789abcdef";
                const std::string_view prefix = "\\u00";
                out.append(prefix.data(), prefix.data() + prefix.size());
                out.push_back(digits[byte >> 4U]);
                out.push_back(digits[byte & 0xFU]);
            } else {
                out.push_back(c);
            }
        }
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<JsonText>();
    }
};

void set_up(spdlog::logger& logger, const config::Log& log) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    if (log.json)
        formatter->add_flag<JsonText>('*').set_pattern(
            R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","text":"%*"})");
    else
        formatter->set_pattern("%Y-%m-%d %H:%M:%S.%e %l: %v");
    logger.set_formatter(std::move(formatter));
    const bool error = log.level == "error"; // spdlog's own word for it is "err"
    logger.set_level(error ? spdlog::level::err : spdlog::level::from_str(log.level));
}

} // namespace

void set_up_log(const config::Log& log) {
    auto logger = std::make_shared<spdlog::logger>(
        "roundabout", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    set_up(*logger, log);
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
}

void change_log(const config::Log& log) { set_up(*spdlog::default_logger_raw(), log); }

} // namespace roundabout::app
