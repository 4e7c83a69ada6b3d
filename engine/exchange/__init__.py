"""Data sets in the formats of other tools: a library into them, and they into a library.

records.py     what is exported: files with their moments and vectors, one after another
vectors.py     stored vectors in the order of moments, in bounded memory
write.py       a folder that is written under another name and then renamed
checksums.py   SHA256SUMS, written and compared
card.py        the data card that every export carries
base.py        what a format is; formats.py has them by name; one module each for
               webdataset, parquet, imagefolder, coco, jsonl, clip_retrieval, fiftyone
describe.py    a file and its moments as plain values, and back; tables.py as columns
export.py      writes one
source.py      what an import reads
tars.py        takes the files out of WebDataset tars; unpacked.py reads what came out;
               img2dataset.py compares it with img2dataset's tables
folder.py      reads a Hugging Face ImageFolder
clip_folder.py reads a folder of clip-retrieval
take.py        puts vectors that were read into a library, without embedding again
bring.py       imports one
"""
