// A VST3 plug-in in the host: quarter notes, cycle, bars, points of automation.
#pragma once
#include "side.hpp"
#include "travesty/audio_processor.h"
#include "travesty/bstream.h"
#include "travesty/component.h"
#include "travesty/edit_controller.h"
#include "travesty/events.h"
#include "travesty/factory.h"

class Vst3Side : public Side {
public:
    explicit Vst3Side(const std::string& path) {
        void* library = library_of(path);
        for (const char* name : {"ModuleEntry", "InitDll"})
            if (auto* enter = reinterpret_cast<bool (*)(void*)>(symbol(library, name))) enter(library);
        auto get = reinterpret_cast<v3_plugin_factory_cpp**(V3_API*)()>(symbol(library, "GetPluginFactory"));
        if (!get) std::exit(1);
        v3_plugin_factory_cpp** factory = get();
        v3_class_info about;
        if ((*factory)->v1.get_class_info(factory, 0, &about) != V3_OK ||
            (*factory)->v1.create_instance(factory, about.class_id, v3_component_iid, reinterpret_cast<void**>(&component_)) != V3_OK)
            std::exit(1);
        (*component_)->base.initialize(component_, nullptr);
        (*component_)->query_interface(component_, v3_audio_processor_iid, reinterpret_cast<void**>(&processor_));
        (*component_)->query_interface(component_, v3_edit_controller_iid, reinterpret_cast<void**>(&controller_));
        if (!processor_ || !controller_) std::exit(1);
    }
    ~Vst3Side() override {
        (*component_)->base.terminate(component_);
        (*processor_)->unref(processor_);
        (*controller_)->unref(controller_);
        (*component_)->unref(component_);
    }
    void render(bool offline) override { offline_ = offline; }
    void activate(double rate, uint32_t max_block) override {
        v3_process_setup setup = {offline_ ? V3_OFFLINE : V3_REALTIME, V3_SAMPLE_32, static_cast<int32_t>(max_block), rate};
        (*processor_)->proc.setup_processing(processor_, &setup);
        (*component_)->comp.set_active(component_, true);
        (*processor_)->proc.set_processing(processor_, true);
        rate_ = rate;
        active_ = true;
    }
    void deactivate() override {
        if (!active_) return;
        active_ = false;
        (*processor_)->proc.set_processing(processor_, false);
        (*component_)->comp.set_active(component_, false);
    }
    void process(float** in, float** out, uint32_t frames, const Moment& m) override {
        v3_process_context context{};
        context.state = V3_PROCESS_CTX_PROJECT_TIME_VALID | V3_PROCESS_CTX_TEMPO_VALID | V3_PROCESS_CTX_TIME_SIG_VALID | V3_PROCESS_CTX_BAR_POSITION_VALID;
        if (m.playing) context.state |= V3_PROCESS_CTX_PLAYING;
        if (m.loop_end > m.loop_start) context.state |= V3_PROCESS_CTX_CYCLE_ACTIVE | V3_PROCESS_CTX_CYCLE_VALID;
        context.sample_rate = rate_;
        context.project_time_quarters = m.beat;
        context.bar_position_quarters = m.bar_start;
        context.cycle_start_quarters = m.loop_start;
        context.cycle_end_quarters = m.loop_end;
        context.bpm = m.bpm;
        context.time_sig_numerator = m.num;
        context.time_sig_denom = m.den;
        v3_audio_bus_buffers a{}, b{};
        a.num_channels = b.num_channels = 2;
        a.channel_buffers_32 = in;
        b.channel_buffers_32 = out;
        changes_.queues = 0;
        for (const Set& set : sets) changes_.add(set.index, set.frame, (*controller_)->ctrl.plain_parameter_to_normalised(controller_, set.index, set.value));
        told_.queues = 0;
        v3_process_data io{};
        io.process_mode = offline_ ? V3_OFFLINE : V3_REALTIME;
        io.symbolic_sample_size = V3_SAMPLE_32;
        io.nframes = static_cast<int32_t>(frames);
        io.num_input_buses = io.num_output_buses = 1;
        io.inputs = &a;
        io.outputs = &b;
        io.input_params = reinterpret_cast<v3_param_changes**>(&changes_);
        io.output_params = reinterpret_cast<v3_param_changes**>(&told_);
        io.output_events = reinterpret_cast<v3_event_list**>(&events_);
        io.ctx = m.told ? &context : nullptr;
        (*processor_)->proc.process(processor_, &io);
        for (int32_t i = 0; i < told_.queues; ++i) {
            const Queue& q = told_.all[i];
            take_parameter(static_cast<uint32_t>(q.frame), q.id, (*controller_)->ctrl.normalised_parameter_to_plain(controller_, q.id, q.value));
        }
    }
    double value(unsigned index) override {
        auto& table = (*controller_)->ctrl;
        return table.normalised_parameter_to_plain(controller_, index, table.get_parameter_normalised(controller_, index));
    }
    bool save(std::FILE* file) override {
        Stream stream(file);
        return (*component_)->comp.get_state(component_, reinterpret_cast<v3_bstream**>(&stream)) == V3_OK;
    }
    bool load(std::FILE* file) override {
        Stream stream(file);
        return (*component_)->comp.set_state(component_, reinterpret_cast<v3_bstream**>(&stream)) == V3_OK;
    }

private:
    v3_component_cpp** component_ = nullptr;
    v3_audio_processor_cpp** processor_ = nullptr;
    v3_edit_controller_cpp** controller_ = nullptr;
    double rate_ = 48000;
    bool offline_ = false, active_ = false;

    // An object of the host's is a pointer to its table, and then what is its own.
    static v3_result V3_API no_interface(void*, const v3_tuid, void**) { return V3_NO_INTERFACE; }
    static uint32_t V3_API counted(void*) { return 1; }
    template <class Table> static void begin(Table& t) {
        t.query_interface = no_interface;
        t.ref = t.unref = counted;
    }
    struct Queue {  // one point
        const v3_param_value_queue_cpp* table = nullptr;
        v3_param_id id = 0;
        int32_t frame = 0;
        double value = 0;
    };
    struct Changes {
        static constexpr int32_t MOST = 64;
        v3_param_changes_cpp* table;
        v3_param_changes_cpp own{};
        v3_param_value_queue_cpp queue{};
        Queue all[MOST];
        int32_t queues = 0;

        Changes() : table(&own) {
            begin(own);
            own.changes.get_param_count = [](void* self) -> int32_t { return static_cast<Changes*>(self)->queues; };
            own.changes.get_param_data = [](void* self, int32_t i) { return reinterpret_cast<v3_param_value_queue**>(&static_cast<Changes*>(self)->all[i]); };
            own.changes.add_param_data = [](void* self, v3_param_id* id, int32_t* index) -> v3_param_value_queue** {
                auto& c = *static_cast<Changes*>(self);
                if (c.queues == MOST) return nullptr;
                *index = c.queues;
                c.all[c.queues] = {&c.queue, *id, 0, 0};
                return reinterpret_cast<v3_param_value_queue**>(&c.all[c.queues++]);
            };
            begin(queue);
            queue.queue.get_param_id = [](void* self) { return static_cast<Queue*>(self)->id; };
            queue.queue.get_point_count = [](void*) -> int32_t { return 1; };
            queue.queue.get_point = [](void* self, int32_t, int32_t* frame, double* value) -> v3_result {
                *frame = static_cast<Queue*>(self)->frame;
                *value = static_cast<Queue*>(self)->value;
                return V3_OK;
            };
            queue.queue.add_point = [](void* self, int32_t frame, double value, int32_t* index) -> v3_result {
                static_cast<Queue*>(self)->frame = frame;
                static_cast<Queue*>(self)->value = value;
                *index = 0;
                return V3_OK;
            };
        }
        void add(v3_param_id id, uint32_t frame, double value) {
            if (queues < MOST) all[queues++] = {&queue, id, static_cast<int32_t>(frame), value};
        }
    } changes_, told_;
    struct Events {
        v3_event_list_cpp* table;
        v3_event_list_cpp own{};

        Events() : table(&own) {
            begin(own);
            own.list.get_event_count = [](void*) -> uint32_t { return 0; };
            own.list.get_event = [](void*, int32_t, v3_event*) -> v3_result { return V3_INVALID_ARG; };
            own.list.add_event = [](void*, v3_event* e) -> v3_result { return take(*e) ? V3_OK : V3_FALSE; };
        }
        static bool take(const v3_event& e) {
            uint8_t b[3] = {};
            const auto seven = [](float share) { return static_cast<uint8_t>(std::lround(share * 127)); };
            switch (e.type) {
                case V3_EVENT_NOTE_ON: b[0] = static_cast<uint8_t>(0x90 | e.note_on.channel); b[1] = static_cast<uint8_t>(e.note_on.pitch); b[2] = seven(e.note_on.velocity); break;
                case V3_EVENT_NOTE_OFF: b[0] = static_cast<uint8_t>(0x80 | e.note_off.channel); b[1] = static_cast<uint8_t>(e.note_off.pitch); b[2] = seven(e.note_off.velocity); break;
                case V3_EVENT_LEGACY_MIDI_CC_OUT:
                    if (e.midi_cc_out.cc_number > 127) return !is_full();
                    b[0] = static_cast<uint8_t>(0xB0 | e.midi_cc_out.channel); b[1] = e.midi_cc_out.cc_number; b[2] = static_cast<uint8_t>(e.midi_cc_out.value);
                    break;
                default: return !is_full();
            }
            return take_midi(static_cast<uint32_t>(e.sample_offset), b);
        }
    } events_;
    struct Stream {
        struct Table : v3_funknown { v3_bstream stream; };
        const Table* table;
        std::FILE* file;
        Table own{};

        explicit Stream(std::FILE* to) : table(&own), file(to) {
            begin(own);
            own.stream.read = [](void* self, void* data, int32_t n, int32_t* done) -> v3_result {
                *done = static_cast<int32_t>(std::fread(data, 1, static_cast<size_t>(n), static_cast<Stream*>(self)->file));
                return V3_OK;
            };
            own.stream.write = [](void* self, void* data, int32_t n, int32_t* done) -> v3_result {
                *done = static_cast<int32_t>(std::fwrite(data, 1, static_cast<size_t>(n), static_cast<Stream*>(self)->file));
                return V3_OK;
            };
        }
    };
};
