//! The authenticator app's folders.

use super::super::app;
use super::{finds, holds};

#[test]
fn imports_along_the_arrows_are_fine() {
    let files = [
        ("web/src/page/main.tsx", "import { Add } from '../features/enrolment/page/add.tsx';\nimport './main.css';\n"),
        (
            "web/src/features/enrolment/page/add.tsx",
            "import { t } from '../../../ui/texts.ts';\nimport { a } from './b.ts';\n",
        ),
        ("web/src/features/enrolment/page/b.ts", "import type { Phones } from '../../../shared/phone/phones.ts';\n"),
        ("web/src/ui/style.ts", "import '../../../crates/server/static/tokens.css';\nimport { h } from 'preact';\n"),
        ("web/src/sw/sw.ts", "import { a } from '../shared/kv.ts';\n"),
        ("web/src/shared/kv.test.ts", "import '../page/main.tsx';\n"),
    ];
    holds(app::arrows, &files);
}

#[test]
fn imports_against_the_arrows_are_found() {
    for (path, import) in [
        ("web/src/features/enrolment/page/add.tsx", "import { x } from '../../approval/page/list.tsx';"),
        ("web/src/features/enrolment/page/add.tsx", "const later = () => import('../../approval/page/list.tsx');"),
        ("web/src/features/enrolment/page/add.tsx", "import { x } from '../../../page/frame.tsx';"),
        ("web/src/shared/kv.ts", "import { t } from '../ui/texts.ts';"),
        ("web/src/ui/button.tsx", "import { x } from '../features/lock/page/lock.tsx';"),
        ("web/src/sw/sw.ts", "import { t } from '../ui/texts.ts';"),
        ("web/src/sw/sw.ts", "import { x } from '../page/bridge.ts';"),
    ] {
        finds(app::arrows, &[(path, import)], &format!("{path}:1"), "may not import");
    }
}
