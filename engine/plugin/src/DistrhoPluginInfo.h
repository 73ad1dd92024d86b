// What DPF, which wraps the core for LV2, must know before it is compiled.
#pragma once
#define DISTRHO_PLUGIN_BRAND "Stimmung"
#define DISTRHO_PLUGIN_NAME "Stimmung"
#define DISTRHO_PLUGIN_URI "urn:stimmung:plugin"
#define DISTRHO_PLUGIN_BRAND_ID Stim
#define DISTRHO_PLUGIN_UNIQUE_ID Stmg
#define DISTRHO_PLUGIN_HAS_UI 0
#define DISTRHO_PLUGIN_IS_RT_SAFE 1
#define DISTRHO_PLUGIN_NUM_INPUTS 2
#define DISTRHO_PLUGIN_NUM_OUTPUTS 2
#define DISTRHO_PLUGIN_WANT_MIDI_INPUT 0
#define DISTRHO_PLUGIN_WANT_MIDI_OUTPUT 1
#define DISTRHO_PLUGIN_WANT_TIMEPOS 1
#define DISTRHO_PLUGIN_LV2_CATEGORY "lv2:UtilityPlugin"
