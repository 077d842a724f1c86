#include "config/problem.hpp"

namespace roundabout::config {

std::string to_string(const Problem& problem) {
    std::string text = problem.file;
    if (problem.line != 0)
        text += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
    text += ": ";
    if (!problem.key.empty())
        text += problem.key + ": ";
    text += problem.message;
    if (!problem.remedy.empty())
        text += "; " + problem.remedy;
    return text;
}

} // namespace roundabout::config
