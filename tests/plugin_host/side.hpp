// What the host asks of a plug-in, whatever its format.
#pragma once
#include "parameters.hpp"
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>
#ifdef _WIN32
#include <windows.h>
inline void* open_library(const char* path) { return reinterpret_cast<void*>(LoadLibraryA(path)); }
inline void* symbol(void* library, const char* name) {
    return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(library), name));
}
inline void nap(double s) { Sleep(static_cast<DWORD>(s * 1000 + 0.5)); }
inline double now() {
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return static_cast<double>(count.QuadPart) / static_cast<double>(frequency.QuadPart);
}
inline void mark(const char*) {}
#else
#include <dlfcn.h>
#include <ctime>
inline void* open_library(const char* path) { return dlopen(path, RTLD_NOW | RTLD_LOCAL); }
inline void* symbol(void* library, const char* name) { return dlsym(library, name); }
inline void nap(double s) {
    const timespec t = {static_cast<time_t>(s), static_cast<long>((s - std::floor(s)) * 1e9)};
    nanosleep(&t, nullptr);
}
inline double now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}
inline void mark(const char* name) {
    if (auto* watch = reinterpret_cast<void (*)()>(dlsym(RTLD_DEFAULT, name))) watch();
}
#endif

// Where the host is at the start of a block; beats are quarter notes.
struct Moment {
    bool playing = false, told = true;
    bool of_quarters = false;  // LV2: tells parts of a beat in quarter notes, as Ardour does
    double bpm = 120, beat = 0, ramp = 0;  // ramp: change of bpm a frame
    double loop_start = 0, loop_end = 0, bar_start = 0;
    int num = 4, den = 4;
    long long bar = 0, frame = 0;
};
struct Set { unsigned index; double value; uint32_t frame; };

// The host's answer to what a plug-in says; take_midi is false where there is no room.
bool take_midi(uint32_t frame, const uint8_t* bytes);
void take_parameter(uint32_t frame, unsigned index, double value);
bool is_full();

class Side {
public:
    std::vector<Set> sets;  // with the next block
    virtual ~Side() = default;
    virtual void render(bool offline) = 0;
    virtual void activate(double rate, uint32_t max_block) = 0;
    virtual void deactivate() = 0;
    virtual void process(float** in, float** out, uint32_t frames, const Moment& moment) = 0;
    virtual double value(unsigned index) = 0;
    virtual bool save(std::FILE* file) = 0;
    virtual bool load(std::FILE* file) = 0;

protected:
    static void* library_of(const std::string& path) {
        void* library = open_library(path.c_str());
        if (!library) {
            std::fprintf(stderr, "cannot load %s\n", path.c_str());
            std::exit(1);
        }
        return library;
    }
};
