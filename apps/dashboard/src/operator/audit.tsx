import { useState } from 'react'
import { fetchFile } from '../api/call.ts'
import type { AuditEntry } from '../api/operator-wire.ts'
import { usePages } from '../api/use-answer.ts'
import { useSubmit } from '../api/use-submit.ts'
import { Button } from '../parts/button.tsx'
import { Code } from '../parts/copy.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Field } from '../parts/field.tsx'
import { Empty, Loaded, MoreButton } from '../parts/loaded.tsx'
import { Moment } from '../parts/moment.tsx'
import { ProblemNotice } from '../parts/notice.tsx'
import { saveFile } from '../parts/save-file.ts'
import { Table } from '../parts/table.tsx'
import { changeQuery, PageTitle, useAddress } from '../router.tsx'
import { IdLink } from './found.tsx'

const filters = ['action', 'actorId', 'subjectId'] as const

/** Who did what to what. Looking at it is on record, too. */
export function Audit() {
  const { query } = useAddress()
  const asked = new URLSearchParams(
    filters.flatMap((name) => (query.get(name) ? [[name, query.get(name)!]] : [])),
  )
  const text = asked.toString()
  const entries = usePages<AuditEntry>(`/operators/audit?${text}`)
  const [openId, setOpenId] = useState<string | undefined>()
  const opened = entries.value?.find(({ id }) => id === openId)
  const save = useSubmit(async () => {
    saveFile(await fetchFile(`/operators/audit/export?${text}`, { isStream: true }), 'audit.ndjson')
  })
  return (
    <>
      <div className="page-head">
        <div>
          <PageTitle>Audit log</PageTitle>
          <p className="lead">What operators, owners and API keys did. Lines are never changed.</p>
        </div>
        <Button kind="quiet" isBusy={save.isBusy} onPress={() => save.run()}>
          Save as NDJSON
        </Button>
      </div>
      {save.error !== undefined && <ProblemNotice error={save.error} />}
      <Filters key={text} />
      <Loaded answer={entries} what="the audit log">
        {(items) =>
          items.length === 0 ? (
            <Empty title="Nothing like it is on record" />
          ) : (
            <Table
              label="Audit log"
              rows={items}
              keyOf={({ id }) => id}
              columns={[
                { name: 'When', cell: ({ createdAt }) => <Moment at={createdAt} /> },
                { name: 'What', cell: ({ action }) => <code>{action}</code> },
                { name: 'Who', cell: ({ actorKind, actorId }) => <Actor kind={actorKind} id={actorId} /> },
                {
                  name: 'To what',
                  cell: ({ subjectId }) => (subjectId ? <IdLink id={subjectId} isShort /> : '–'),
                },
                { name: 'Reason', cell: ({ reason }) => <span className="breaks">{reason ?? '–'}</span> },
                {
                  name: 'Details',
                  cell: ({ id, action }) => (
                    <Button
                      kind="quiet"
                      size="small"
                      aria-label={`Show ${action}`}
                      onPress={() => setOpenId(id)}
                    >
                      Show
                    </Button>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
      <MoreButton pages={entries} />
      {opened && (
        <Dialog title={opened.action} onClose={() => setOpenId(undefined)}>
          <Code label="The whole line" text={JSON.stringify(opened, null, 2)} />
          <div className="actions">
            <Button kind="quiet" onPress={() => setOpenId(undefined)}>
              Close
            </Button>
          </div>
        </Dialog>
      )}
    </>
  )
}

function Actor({ kind, id }: { kind: string; id: string }) {
  return (
    <span>
      {kind} <IdLink id={id} isShort />
    </span>
  )
}

function Filters() {
  const { query } = useAddress()
  const [typed, setTyped] = useState(() => ({
    action: query.get('action') ?? '',
    actorId: query.get('actorId') ?? '',
    subjectId: query.get('subjectId') ?? '',
  }))
  return (
    <form
      className="filters"
      onSubmit={(event) => {
        event.preventDefault()
        changeQuery(Object.fromEntries(filters.map((name) => [name, typed[name].trim() || null])))
      }}
    >
      <Field
        label="What"
        name="action"
        value={typed.action}
        onChange={(action) => setTyped({ ...typed, action })}
        placeholder="provider.suspend"
      />
      <Field
        label="Who (id)"
        name="actorId"
        value={typed.actorId}
        onChange={(actorId) => setTyped({ ...typed, actorId })}
        placeholder="usr_…"
      />
      <Field
        label="To what (id)"
        name="subjectId"
        value={typed.subjectId}
        onChange={(subjectId) => setTyped({ ...typed, subjectId })}
        placeholder="prv_…"
      />
      <Button type="submit" kind="quiet">
        Filter
      </Button>
    </form>
  )
}
