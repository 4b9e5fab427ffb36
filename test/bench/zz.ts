import { setStage } from './stage.ts';
import { openToolbox } from './toolbox.ts';

const stage = await setStage(openToolbox(() => {}));
Object.assign(stage.secrets, { latencyMs: 20 });
Object.assign(stage.baidu, { latencyMs: 30 });
stage.setDistances({ baiduMs: 0, awsMs: 2 });
for (const b of [process.argv[2] ?? 'query'])
  for (let i = 0; i < 10; i++) {
    const s = await stage.start(b, { NODE_OPTIONS: '-r /tmp/rep/hook.cjs' }, { memoryMb: 1769 });
    const { endedAt } = await s.invoke(stage.query);
    console.log(b, ((await s.ready) - s.spawnedAt).toFixed(0), (endedAt - s.spawnedAt).toFixed(0));
    await new Promise((r) => setTimeout(r, 900));
    await s.stop();
  }
await stage.close();
