// Parameter values as texts, and the state a project keeps: one "symbol value" a line, so that projects
// outlive versions of the table.
#pragma once
#include "core.hpp"
#include <cstdio>
#include <cstdlib>
#include <string>

namespace texts {

inline std::string of_value(unsigned i, double value) {
    const auto& p = parameters::TABLE[i];
    if (p.n_labels) {
        const long label = std::lround(value), last = static_cast<long>(p.n_labels) - 1;
        return p.labels[label < 0 ? 0 : label > last ? last : label];
    }
    char text[32];
    std::snprintf(text, sizeof text, p.whole ? "%.0f" : "%.2f", value);
    return text;
}

inline bool to_value(unsigned i, const std::string& text, double& value) {
    const auto& p = parameters::TABLE[i];
    for (unsigned label = 0; label < p.n_labels; ++label)
        if (text == p.labels[label]) {
            value = label;
            return true;
        }
    char* end = nullptr;
    value = std::strtod(text.c_str(), &end);
    return end != text.c_str();
}

constexpr size_t MAX_STATE = 1 << 16;

inline std::string of_state(const Core& core) {
    std::string text;
    for (unsigned i = 0; i < parameters::COUNT; ++i)
        if (!parameters::TABLE[i].output)
            text += std::string(parameters::TABLE[i].symbol) + " " + std::to_string(core.value(i)) + "\n";
    return text;
}

inline bool to_state(const std::string& text, Core& core) {
    for (size_t at = 0; at < text.size();) {
        const size_t end = text.find('\n', at), space = text.find(' ', at);
        if (end == std::string::npos || space > end) return false;
        const std::string symbol = text.substr(at, space - at);
        for (unsigned i = 0; i < parameters::COUNT; ++i)
            if (symbol == parameters::TABLE[i].symbol) core.set(i, std::strtod(text.c_str() + space, nullptr));
        at = end + 1;
    }
    return true;
}

}  // namespace texts
