# SPDX-License-Identifier: MIT
# How our targets are made: mien_warnings is linked to our own code only.

add_library(mien_warnings INTERFACE)
target_compile_options(mien_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Woverloaded-virtual -Wdouble-promotion)
if(MIEN_WARNINGS_AS_ERRORS)
  target_compile_options(mien_warnings INTERFACE -Werror)
endif()
if(MIEN_SANITIZE)
  target_compile_options(mien_warnings INTERFACE -fsanitize=${MIEN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    # g++ 12 sees unset values that are not there once sanitizers rewrite the code
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  if(MIEN_SANITIZE STREQUAL "thread")
    # g++ warns of Asio's fences, which ThreadSanitizer doesn't see; what they order, Asio's mutexes order as well
    target_compile_options(mien_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  endif()
  target_link_options(mien_warnings INTERFACE -fsanitize=${MIEN_SANITIZE})
endif()

# Engines that are loaded on demand (dlopen) lie here, in the build as after installation.
set(MIEN_MODULE_FOLDER ${CMAKE_BINARY_DIR}/${CMAKE_INSTALL_LIBDIR}/mien)
set(CMAKE_BUILD_RPATH ${MIEN_MODULE_FOLDER})
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/mien")

# mien_add_library(<folder> SOURCES a.cpp … LINKS target …): the target mien_<folder>, one per folder of lib/mien.
function(mien_add_library folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(mien_${folder} STATIC ${ARG_SOURCES})
  target_include_directories(mien_${folder} PUBLIC ${PROJECT_SOURCE_DIR}/lib)
  target_link_libraries(mien_${folder} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS} mien_warnings)
endfunction()

# mien_add_module(<name> SOURCES …): a shared object that the program loads on demand by file name.
function(mien_add_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PRIVATE_LINKS;OPTIONS" ${ARGN})
  add_library(${name} MODULE ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${MIEN_MODULE_FOLDER}
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/lib)
  target_compile_options(${name} PRIVATE ${ARG_OPTIONS})
  target_link_libraries(${name} PRIVATE ${ARG_PRIVATE_LINKS} mien_warnings)
  install(TARGETS ${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/mien)
endfunction()

# mien_embed(<target> <symbol> <file>): the file's bytes as `extern "C" const unsigned char <symbol>[], <symbol>_end[]`.
function(mien_embed target symbol file)
  set(assembly ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.S)
  file(CONFIGURE OUTPUT ${assembly} @ONLY CONTENT [[
    .section .rodata
    .global @symbol@
    .global @symbol@_end
    .balign 64
@symbol@:
    .incbin "@file@"
@symbol@_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
]])
  set_source_files_properties(${assembly} PROPERTIES OBJECT_DEPENDS ${file})
  target_sources(${target} PRIVATE ${assembly})
endfunction()
