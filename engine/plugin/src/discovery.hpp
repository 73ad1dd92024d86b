// Where a running engine says how to reach it; engine/plugin/discovery.py writes it.
#pragma once
#include "wire.hpp"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

struct Engine {
    unsigned port = 0;
    char token[wire::TOKEN_BYTES + 1] = {};
};

inline bool read_engine(const std::string& path, Engine& engine) {
    std::FILE* file = std::fopen(path.c_str(), "r");
    if (!file) return false;
    unsigned version = 0;
    const int n = std::fscanf(file, "stimmung-plugin %u %u %32s", &version, &engine.port, engine.token);
    std::fclose(file);
    return n == 3 && version == wire::VERSION && engine.port > 0 && engine.port < 65536 &&
           std::strlen(engine.token) == wire::TOKEN_BYTES;
}

// STIMMUNG_PLUGIN_FILE if set, else the user's run-time folder, else the cache folder.
inline bool find_engine(Engine& engine) {
    const auto look = [&engine](const char* variable, const char* below) {
        const char* folder = std::getenv(variable);
        return folder && *folder && read_engine(std::string(folder) + below, engine);
    };
    if (std::getenv("STIMMUNG_PLUGIN_FILE")) return look("STIMMUNG_PLUGIN_FILE", "");
#if defined(_WIN32)
    return look("LOCALAPPDATA", "\\stimmung\\plugin.txt");
#elif defined(__APPLE__)
    return look("HOME", "/Library/Caches/stimmung/plugin.txt");
#else
    return look("XDG_RUNTIME_DIR", "/stimmung/plugin.txt") || look("HOME", "/.cache/stimmung/plugin.txt");
#endif
}
