import { fetchFile } from '../api/call.ts'
import { useSubmit } from '../api/use-submit.ts'
import { Button } from '../parts/button.tsx'
import { ProblemNotice } from '../parts/notice.tsx'
import { saveFile } from '../parts/save-file.ts'

/** Saves what an address of the API gives as CSV. */
export function SaveCsv({ path, fileName, what }: { path: string; fileName: string; what: string }) {
  const save = useSubmit(async () => {
    saveFile(await fetchFile(path, { accept: 'text/csv' }), `${fileName}.csv`)
  })
  return (
    <>
      <Button kind="quiet" size="small" isBusy={save.isBusy} onPress={() => save.run()}>
        <span>
          Save as CSV<span className="visually-hidden">: {what}</span>
        </span>
      </Button>
      {save.error !== undefined && <ProblemNotice error={save.error} />}
    </>
  )
}
