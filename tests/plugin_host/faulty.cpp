// The plug-in, but with a fault inside process(), so that rt_check can be seen to see it.
#define clap_entry sound_entry
#include "clap.cpp"
#undef clap_entry
#include <mutex>
#ifndef _WIN32
#include <unistd.h>
#endif

namespace {

std::mutex mutex;
void* volatile kept;

clap_process_status faulty_process(const clap_plugin_t* plugin, const clap_process_t* io) {
    const char* fault = std::getenv("PLANTED_FAULT");
    if (fault && !std::strcmp(fault, "allocation")) {
        kept = std::malloc(16);
        std::free(kept);
    }
    if (fault && !std::strcmp(fault, "lock")) std::lock_guard<std::mutex> held(mutex);
    if (fault && !std::strcmp(fault, "system call") && ::write(-1, "", 0) == 0) return CLAP_PROCESS_ERROR;
    if (fault && !std::strcmp(fault, "file"))
        if (std::FILE* file = std::fopen("/dev/null", "r")) std::fclose(file);
    return process(plugin, io);
}
const clap_plugin_t* create_faulty(const clap_plugin_factory_t* f, const clap_host_t* host, const char* id) {
    auto* plugin = const_cast<clap_plugin_t*>(create(f, host, id));
    if (plugin) plugin->process = faulty_process;
    return plugin;
}
const clap_plugin_factory_t FAULTY = {count_plugins, describe, create_faulty};
const void* faulty_factory(const char*) { return &FAULTY; }

}  // namespace

extern "C" CLAP_EXPORT const clap_plugin_entry_t clap_entry = {CLAP_VERSION_INIT, enter, leave, faulty_factory};
