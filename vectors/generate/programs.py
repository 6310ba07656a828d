"""The files of whole programs and of sequences of instructions."""

import program_calls
import program_ends
import program_jumps
import program_memory
import program_sequences
import program_shapes

FILES = (program_jumps.FILES + program_shapes.FILES + program_calls.FILES
         + program_sequences.FILES + program_memory.FILES + program_ends.FILES)
