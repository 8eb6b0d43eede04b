// Files from the server: saved when they came, and a refusal is told instead of being saved as a file.
import { guarded, problemOf } from '@/api/client';
import { tellProblem } from '@/ui/tell';

/** Save what an address of the API answers, under the name that the server gives. */
export async function saveFile(address: string): Promise<void> {
  try {
    const answer = await guarded(new Request(new URL(address, location.origin)));
    if (!answer.ok) throw await problemOf(answer);
    const name = /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1];
    saveBlob(await answer.blob(), name ?? 'truenav');
  } catch (error) {
    tellProblem(error);
  }
}

export function saveBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
