// The plug-in for VST3, by hand on DPF's plain C description of the interfaces ("travesty"): one object
// that is component, processor and controller. Quarter notes, cycle, offline and automation points are
// taken as the host gives them.
#include "texts.hpp"
#include "travesty/audio_processor.h"
#include "travesty/component.h"
#include "travesty/edit_controller.h"
#include "travesty/events.h"
#include "travesty/factory.h"
#include <cstddef>

namespace {

using parameters::COUNT;
using parameters::TABLE;

constexpr v3_tuid CLASS_ID = V3_ID(0x5C1B6E40, 0x2F7D4A9B, 0x9E3153D7, 0x7374696D);
constexpr v3_speaker_arrangement MONO = 1 << 19, STEREO = V3_SPEAKER_L | V3_SPEAKER_R;

double plain(unsigned i, double normalised) { return TABLE[i].low + normalised * (TABLE[i].high - TABLE[i].low); }
double normal(unsigned i, double value) { return (value - TABLE[i].low) / (TABLE[i].high - TABLE[i].low); }

void copy_text(int16_t (&to)[128], const std::string& from) {
    size_t i = 0;
    for (; i < from.size() && i < 127; ++i) to[i] = from[i];
    to[i] = 0;
}
template <size_t N>
void copy_text(char (&to)[N], const char* from) { std::snprintf(to, N, "%s", from); }

struct Faces {  // an interface is a pointer to its table
    const v3_component_cpp* component;
    const v3_audio_processor_cpp* processor;
    const v3_edit_controller_cpp* controller;
    const v3_process_context_requirements_cpp* needs;
};
struct Plugin : Faces {
    std::atomic<uint32_t> references{1};
    Core core{"VST3"};
    double rate = 48000;
    int32_t max_block = 8192;
    bool offline = false;
    v3_speaker_arrangement speakers = STEREO;
    float shown[COUNT] = {};

    Plugin();
};

Plugin& whole(void* self, size_t offset) {
    return *static_cast<Plugin*>(reinterpret_cast<Faces*>(static_cast<char*>(self) - offset));
}
Plugin& of_component(void* self) { return whole(self, offsetof(Faces, component)); }
Plugin& of_processor(void* self) { return whole(self, offsetof(Faces, processor)); }
Plugin& of_controller(void* self) { return whole(self, offsetof(Faces, controller)); }
Plugin& of_needs(void* self) { return whole(self, offsetof(Faces, needs)); }

// ---- life

v3_result query(Plugin& p, const v3_tuid iid, void** object) {
    const auto is = [iid](const v3_tuid other) { return v3_tuid_match(iid, other); };
    *object = is(v3_funknown_iid) || is(v3_plugin_base_iid) || is(v3_component_iid) ? static_cast<void*>(&p.component)
        : is(v3_audio_processor_iid) ? static_cast<void*>(&p.processor)
        : is(v3_edit_controller_iid) ? static_cast<void*>(&p.controller)
        : is(v3_process_context_requirements_iid) ? static_cast<void*>(&p.needs) : nullptr;
    if (!*object) return V3_NO_INTERFACE;
    ++p.references;
    return V3_OK;
}
template <Plugin& (*Of)(void*)>
struct Unknown {
    static v3_result V3_API query_interface(void* self, const v3_tuid iid, void** object) { return query(Of(self), iid, object); }
    static uint32_t V3_API ref(void* self) { return ++Of(self).references; }
    static uint32_t V3_API unref(void* self) {
        Plugin& p = Of(self);
        const uint32_t left = --p.references;
        if (!left) delete &p;
        return left;
    }
    static constexpr v3_funknown table() { return {query_interface, ref, unref}; }
};
v3_result V3_API initialize(void*, v3_funknown**) { return V3_OK; }
v3_result V3_API terminate(void*) { return V3_OK; }

// ---- component

v3_result V3_API get_controller_class(void*, v3_tuid) { return V3_NOT_IMPLEMENTED; }  // it is this object
v3_result V3_API set_io_mode(void*, int32_t) { return V3_OK; }
int32_t V3_API count_buses(void*, int32_t media, int32_t direction) {
    return media == V3_AUDIO || (media == V3_EVENT && direction == V3_OUTPUT) ? 1 : 0;
}
v3_result V3_API get_bus(void* self, int32_t media, int32_t direction, int32_t index, v3_bus_info* bus) {
    if (index || !count_buses(self, media, direction)) return V3_INVALID_ARG;
    *bus = {};
    bus->media_type = media;
    bus->direction = direction;
    bus->channel_count = media == V3_EVENT ? 16 : of_component(self).speakers == MONO ? 1 : 2;
    copy_text(bus->bus_name, media == V3_EVENT ? "Notes" : direction == V3_INPUT ? "Heard" : "Through");
    bus->bus_type = V3_MAIN;
    bus->flags = V3_DEFAULT_ACTIVE;
    return V3_OK;
}
v3_result V3_API get_routing(void*, v3_routing_info*, v3_routing_info*) { return V3_NOT_IMPLEMENTED; }
v3_result V3_API activate_bus(void*, int32_t, int32_t, int32_t, v3_bool) { return V3_OK; }
v3_result V3_API set_active(void* self, v3_bool active) {
    Plugin& p = of_component(self);
    if (active) p.core.start(p.rate, static_cast<uint32_t>(p.max_block));
    else p.core.stop();
    return V3_OK;
}
v3_result load(Plugin& p, v3_bstream** stream) {
    std::string text;
    char part[512];
    for (int32_t n = 0; v3_cpp_obj(stream)->read(stream, part, sizeof part, &n) == V3_OK && n > 0;) {
        if (text.size() > texts::MAX_STATE) return V3_INVALID_ARG;
        text.append(part, static_cast<size_t>(n));
    }
    return texts::to_state(text, p.core) ? V3_OK : V3_INVALID_ARG;
}
v3_result V3_API set_state(void* self, v3_bstream** stream) { return load(of_component(self), stream); }
v3_result V3_API get_state(void* self, v3_bstream** stream) {
    std::string text = texts::of_state(of_component(self).core);
    int32_t n = 0;
    return v3_cpp_obj(stream)->write(stream, &text[0], static_cast<int32_t>(text.size()), &n);
}

// ---- controller

v3_result V3_API set_component_state(void*, v3_bstream**) { return V3_OK; }  // one and the same object
v3_result V3_API no_state(void*, v3_bstream**) { return V3_NOT_IMPLEMENTED; }
int32_t V3_API count_parameters(void*) { return COUNT; }
v3_result V3_API get_parameter(void*, int32_t index, v3_param_info* info) {
    if (index < 0 || index >= static_cast<int32_t>(COUNT)) return V3_INVALID_ARG;
    const auto& p = TABLE[index];
    *info = {};
    info->param_id = static_cast<uint32_t>(index);
    copy_text(info->title, p.name);
    copy_text(info->short_title, p.name);
    info->step_count = p.whole ? static_cast<int32_t>(p.high - p.low) : 0;
    info->default_normalised_value = normal(static_cast<unsigned>(index), p.initial);
    info->flags = p.output ? V3_PARAM_READ_ONLY : V3_PARAM_CAN_AUTOMATE;
    if (p.n_labels) info->flags |= V3_PARAM_IS_LIST;
    if (index == parameters::BYPASS) info->flags |= V3_PARAM_IS_BYPASS;
    return V3_OK;
}
v3_result V3_API to_text(void*, v3_param_id id, double value, v3_str_128 text) {
    if (id >= COUNT) return V3_INVALID_ARG;
    copy_text(*reinterpret_cast<int16_t(*)[128]>(text), texts::of_value(id, plain(id, value)));
    return V3_OK;
}
v3_result V3_API from_text(void*, v3_param_id id, int16_t* text, double* value) {
    if (id >= COUNT) return V3_INVALID_ARG;
    std::string ascii;
    for (; *text && ascii.size() < 127; ++text) ascii += static_cast<char>(*text);
    if (!texts::to_value(id, ascii, *value)) return V3_INVALID_ARG;
    *value = normal(id, *value);
    return V3_OK;
}
double V3_API to_plain(void*, v3_param_id id, double value) { return id < COUNT ? plain(id, value) : 0; }
double V3_API to_normal(void*, v3_param_id id, double value) { return id < COUNT ? normal(id, value) : 0; }
double V3_API get_value(void* self, v3_param_id id) { return id < COUNT ? normal(id, of_controller(self).core.value(id)) : 0; }
v3_result V3_API set_value(void* self, v3_param_id id, double value) {
    if (id >= COUNT) return V3_INVALID_ARG;
    of_controller(self).core.set(id, plain(id, value));
    return V3_OK;
}
v3_result V3_API set_handler(void*, v3_component_handler**) { return V3_OK; }
v3_plugin_view** V3_API create_view(void*, const char*) { return nullptr; }

// ---- processor

v3_result V3_API set_arrangements(void* self, v3_speaker_arrangement* in, int32_t n_in, v3_speaker_arrangement* out, int32_t n_out) {
    if (n_in != 1 || n_out != 1 || *in != *out || (*in != MONO && *in != STEREO)) return V3_FALSE;
    of_processor(self).speakers = *in;
    return V3_OK;
}
v3_result V3_API get_arrangement(void* self, int32_t, int32_t index, v3_speaker_arrangement* speakers) {
    if (index) return V3_INVALID_ARG;
    *speakers = of_processor(self).speakers;
    return V3_OK;
}
v3_result V3_API can_process(void*, int32_t size) { return size == V3_SAMPLE_32 ? V3_OK : V3_NOT_IMPLEMENTED; }
uint32_t V3_API no_frames(void*) { return 0; }
v3_result V3_API set_up(void* self, v3_process_setup* setup) {
    Plugin& p = of_processor(self);
    p.rate = setup->sample_rate;
    p.max_block = setup->max_block_size;
    p.offline = setup->process_mode == V3_OFFLINE;
    return V3_OK;
}
v3_result V3_API set_processing(void*, v3_bool) { return V3_OK; }
uint32_t V3_API get_needs(void*) {
    return V3_PROCESS_CTX_NEED_PROJECT_TIME | V3_PROCESS_CTX_NEED_BAR_POSITION | V3_PROCESS_CTX_NEED_CYCLE | V3_PROCESS_CTX_NEED_TEMPO |
           V3_PROCESS_CTX_NEED_TIME_SIG | V3_PROCESS_CTX_NEED_TRANSPORT_STATE;
}

Transport read_transport(const v3_process_context* host, bool offline) {
    Transport t;
    t.offline = offline;
    if (!host) {  // a host without a transport: it runs freely
        t.playing = true;
        return t;
    }
    const auto has = [host](uint32_t flag) { return (host->state & flag) != 0; };
    t.playing = has(V3_PROCESS_CTX_PLAYING);
    t.has_beat = has(V3_PROCESS_CTX_PROJECT_TIME_VALID);
    t.beat = host->project_time_quarters;
    if (has(V3_PROCESS_CTX_TEMPO_VALID) && host->bpm > 0) t.bpm = host->bpm;
    t.loops = has(V3_PROCESS_CTX_CYCLE_ACTIVE) && has(V3_PROCESS_CTX_CYCLE_VALID) &&
              host->cycle_end_quarters > host->cycle_start_quarters;
    t.loop_start = host->cycle_start_quarters;
    t.loop_end = host->cycle_end_quarters;
    if (has(V3_PROCESS_CTX_BAR_POSITION_VALID)) t.bar_start = host->bar_position_quarters;
    if (has(V3_PROCESS_CTX_TIME_SIG_VALID)) {
        t.numerator = static_cast<uint16_t>(host->time_sig_numerator);
        t.denominator = static_cast<uint16_t>(host->time_sig_denom);
    }
    return t;
}
void automate(Core& core, v3_param_changes** changes) {
    for (int32_t i = 0, n = changes ? v3_cpp_obj(changes)->get_param_count(changes) : 0; i < n; ++i) {
        v3_param_value_queue** points = v3_cpp_obj(changes)->get_param_data(changes, i);
        if (!points) continue;
        const v3_param_id id = v3_cpp_obj(points)->get_param_id(points);
        for (int32_t k = 0, m = v3_cpp_obj(points)->get_point_count(points); k < m && id < COUNT; ++k) {
            int32_t frame = 0;
            double value = 0;
            if (v3_cpp_obj(points)->get_point(points, k, &frame, &value) == V3_OK)
                core.automate(id, plain(id, value), frame > 0 ? static_cast<uint32_t>(frame) : 0);
        }
    }
}
void show_outputs(Plugin& p, v3_param_changes** changes) {
    for (unsigned i = 0; changes && i < COUNT; ++i) {
        const float value = p.core.value(i);
        if (!TABLE[i].output || value == p.shown[i]) continue;
        const v3_param_id id = i;
        int32_t index = 0;
        v3_param_value_queue** points = v3_cpp_obj(changes)->add_param_data(changes, const_cast<v3_param_id*>(&id), &index);
        if (points && v3_cpp_obj(points)->add_point(points, 0, normal(i, value), &index) == V3_OK) p.shown[i] = value;
    }
}
bool push(v3_event_list** list, uint32_t frame, const uint8_t* b, uint32_t n) {
    if (!list) return false;
    v3_event e{};
    e.sample_offset = static_cast<int32_t>(frame);
    const uint8_t status = b[0] & 0xF0, second = n > 2 ? b[2] : 0;
    const int16_t channel = b[0] & 15;
    if (status == 0x90) {
        e.type = V3_EVENT_NOTE_ON;
        e.note_on = {channel, b[1], 0, second / 127.0f, 0, -1};
    } else if (status == 0x80) {
        e.type = V3_EVENT_NOTE_OFF;
        e.note_off = {channel, b[1], second / 127.0f, -1, 0};
    } else if (status == 0xA0) {
        e.type = V3_EVENT_POLY_PRESSURE;
        e.poly_pressure = {channel, b[1], second / 127.0f, -1};
    } else {  // controllers; pressure, bend and program have numbers beyond them
        e.type = V3_EVENT_LEGACY_MIDI_CC_OUT;
        const uint8_t number = status == 0xB0 ? b[1] : status == 0xD0 ? 128 : status == 0xE0 ? 129 : 130;
        const uint8_t value = status == 0xB0 ? second : b[1];
        e.midi_cc_out = {number, static_cast<int8_t>(channel), static_cast<int8_t>(value), static_cast<int8_t>(status == 0xE0 ? second : 0)};
    }
    return v3_cpp_obj(list)->add_event(list, &e) == V3_OK;
}
v3_result V3_API process(void* self, v3_process_data* io) {
    Plugin& p = of_processor(self);
    automate(p.core, io->input_params);
    if (io->nframes <= 0) return V3_OK;  // a host may flush parameters so
    if (io->symbolic_sample_size != V3_SAMPLE_32) return V3_INVALID_ARG;
    static const float SILENCE[8192] = {};
    const uint32_t frames = static_cast<uint32_t>(io->nframes);
    const float* in[2] = {SILENCE, SILENCE};
    const bool heard = io->num_input_buses > 0 && io->inputs[0].num_channels > 0 && io->inputs[0].channel_buffers_32;
    if (!heard && frames > 8192) return V3_INVALID_ARG;
    for (int c = 0; heard && c < 2; ++c) in[c] = io->inputs[0].channel_buffers_32[c < io->inputs[0].num_channels ? c : 0];
    for (int c = 0; io->num_output_buses > 0 && c < io->outputs[0].num_channels; ++c) {
        float* out = io->outputs[0].channel_buffers_32[c];
        if (out != in[c & 1]) std::memmove(out, in[c & 1], frames * sizeof(float));
    }
    p.core.process(in[0], in[1], frames, read_transport(io->ctx, p.offline || io->process_mode == V3_OFFLINE),
                   [io](uint32_t frame, const uint8_t* b, uint32_t n) { return push(io->output_events, frame, b, n); });
    show_outputs(p, io->output_params);
    return V3_OK;
}

// ---- tables: funknown, plugin_base and the interface itself, one after the other

template <class Table, class... Parts>
Table table(Parts... parts) {
    Table t;
    char* at = reinterpret_cast<char*>(&t);
    static_assert(sizeof(Table) == (sizeof(Parts) + ...), "no padding between the parts");
    ((std::memcpy(at, &parts, sizeof parts), at += sizeof parts), ...);
    return t;
}
const v3_plugin_base BASE = {initialize, terminate};
const v3_component_cpp COMPONENT = table<v3_component_cpp>(Unknown<of_component>::table(), BASE, v3_component{
    get_controller_class, set_io_mode, count_buses, get_bus, get_routing, activate_bus, set_active, set_state, get_state});
const v3_audio_processor_cpp PROCESSOR = table<v3_audio_processor_cpp>(Unknown<of_processor>::table(), v3_audio_processor{
    set_arrangements, get_arrangement, can_process, no_frames, set_up, set_processing, process, no_frames});
const v3_edit_controller_cpp CONTROLLER = table<v3_edit_controller_cpp>(Unknown<of_controller>::table(), BASE, v3_edit_controller{
    set_component_state, no_state, no_state, count_parameters, get_parameter, to_text, from_text, to_plain, to_normal,
    get_value, set_value, set_handler, create_view});
const v3_process_context_requirements_cpp NEEDS = table<v3_process_context_requirements_cpp>(
    Unknown<of_needs>::table(), v3_process_context_requirements{get_needs});

Plugin::Plugin() : Faces{&COMPONENT, &PROCESSOR, &CONTROLLER, &NEEDS} {}

// ---- factory: one for the life of the library

v3_result V3_API factory_query(void* self, const v3_tuid iid, void** object) {
    const bool known = v3_tuid_match(iid, v3_funknown_iid) || v3_tuid_match(iid, v3_plugin_factory_iid) || v3_tuid_match(iid, v3_plugin_factory_2_iid);
    *object = known ? self : nullptr;
    return known ? V3_OK : V3_NO_INTERFACE;
}
uint32_t V3_API count_one(void*) { return 1; }
v3_result V3_API get_factory_info(void*, v3_factory_info* info) {
    *info = {};
    copy_text(info->vendor, "Stimmung");
    info->flags = 0x10;
    return V3_OK;
}
int32_t V3_API count_classes(void*) { return 1; }
template <class Info>
v3_result describe(int32_t index, Info* info) {
    if (index) return V3_INVALID_ARG;
    *info = {};
    std::memcpy(info->class_id, CLASS_ID, sizeof CLASS_ID);
    info->cardinality = 0x7FFFFFFF;
    copy_text(info->category, "Audio Module Class");
    copy_text(info->name, "Stimmung");
    return V3_OK;
}
v3_result V3_API get_class(void*, int32_t index, v3_class_info* info) { return describe(index, info); }
v3_result V3_API get_class_2(void*, int32_t index, v3_class_info_2* info) {
    if (describe(index, info) != V3_OK) return V3_INVALID_ARG;
    copy_text(info->sub_categories, "Fx|Generator");
    copy_text(info->vendor, "Stimmung");
    copy_text(info->version, STIMMUNG_VERSION);
    copy_text(info->sdk_version, "VST 3.7.4");
    return V3_OK;
}
v3_result V3_API create(void*, const v3_tuid class_id, const v3_tuid iid, void** object) {
    *object = nullptr;
    if (!v3_tuid_match(class_id, CLASS_ID)) return V3_NO_INTERFACE;
    auto* p = new Plugin;
    const v3_result found = query(*p, iid, object);
    Unknown<of_component>::unref(&p->component);
    return found;
}
struct Factory { v3_funknown unknown; v3_plugin_factory first; v3_plugin_factory_2 second; };
const Factory FACTORY = {{factory_query, count_one, count_one},
                         {get_factory_info, count_classes, get_class, create}, {get_class_2}};
const Factory* const FACTORY_OBJECT = &FACTORY;

}  // namespace

#ifdef _WIN32
#define EXPORT extern "C" __declspec(dllexport)
#else
#define EXPORT extern "C" __attribute__((visibility("default")))
#endif

EXPORT const void* V3_API GetPluginFactory() { return &FACTORY_OBJECT; }
#if defined(_WIN32)
EXPORT bool InitDll() { return true; }
EXPORT bool ExitDll() { return true; }
#elif defined(__APPLE__)
EXPORT bool bundleEntry(void*) { return true; }
EXPORT bool bundleExit() { return true; }
#else
EXPORT bool ModuleEntry(void*) { return true; }
EXPORT bool ModuleExit() { return true; }
#endif
