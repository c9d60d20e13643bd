// Lets a component that jco runs see one folder, as `/geo`: `GEO_FOLDER=... jco run --jco-import folder.mjs ...`.

import { resolve } from 'node:path';

import { _addPreopen } from '@bytecodealliance/preview2-shim/filesystem';

_addPreopen('/geo', resolve(process.env.GEO_FOLDER));
